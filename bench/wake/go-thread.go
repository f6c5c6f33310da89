// SPDX-License-Identifier: MIT

// Two goroutines, each with a thread of its own, hand each other a word.
package main

import (
	"bide/bench/common"
	"runtime"
)

func pong(to chan<- struct{}, from <-chan struct{}) {
	runtime.LockOSThread()
	for word := range from {
		to <- word
	}
}

func main() {
	runtime.LockOSThread()
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
