// SPDX-License-Identifier: MIT

// Wait for an item in any of four channels, which one goroutine feeds in turn.
package main

import (
	"bide/bench/common"
	"runtime"
)

const channels = 4

func producer(items [channels]chan int) {
	for item := 0; ; item++ {
		items[item%channels] <- item
		runtime.Gosched() // one at a time is ready
	}
}

func main() {
	bench := common.Init("select", 1)
	var items [channels]chan int
	for i := range items {
		items[i] = make(chan int, 1)
	}
	a, b, c, d := items[0], items[1], items[2], items[3]
	go producer(items)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			var i, item int
			select {
			case item = <-a:
				i = 0
			case item = <-b:
				i = 1
			case item = <-c:
				i = 2
			case item = <-d:
				i = 3
			}
			if item%channels != i {
				common.Fail("not an item of this channel")
			}
		}
	}
}
