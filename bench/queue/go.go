// SPDX-License-Identifier: MIT

// Hand items from one goroutine to another by a channel that holds so many.
package main

import "bide/bench/common"

func producer(items chan<- int) {
	for item := 0; ; item++ {
		items <- item
	}
}

func main() {
	bench := common.Init("queue", 1)
	items := make(chan int, bench.Param)
	go producer(items)
	expected := 0
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			if <-items != expected {
				common.Fail("not the next item")
			}
			expected++
		}
	}
}
