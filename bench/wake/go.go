// SPDX-License-Identifier: MIT

// Two goroutines hand each other a word, on whichever threads they are.
package main

import "bide/bench/common"

func pong(to chan<- struct{}, from <-chan struct{}) {
	for word := range from {
		to <- word
	}
}

func main() {
	bench := common.Init("wake", 1)
	there, here := make(chan struct{}), make(chan struct{})
	go pong(here, there)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			there <- struct{}{}
			<-here
		}
	}
}
