// SPDX-License-Identifier: MIT

// A goroutine on a thread of its own sends functions to another that runs them.
package main

import (
	"bide/bench/common"
	"runtime"
)

var count int

func serve(functions <-chan func()) {
	for function := range functions {
		function()
	}
}

func main() {
	runtime.LockOSThread()
	bench := common.Init("post", 1)
	functions := make(chan func(), 1024)
	done := make(chan int)
	add := func() { count++ }
	addLast := func() {
		count++
		done <- count
	}
	go serve(functions)
	sum := 0
	for units := bench.Next(); units != 0; units = bench.Next() {
		for i := 1; i < units; i++ {
			functions <- add
		}
		functions <- addLast
		sum += units
		if <-done != sum {
			common.Fail("some did not run")
		}
	}
}
