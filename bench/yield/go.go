// SPDX-License-Identifier: MIT

// One Gosched among so many goroutines.
package main

import (
	"bide/bench/common"
	"runtime"
)

// With GOMAXPROCS=1 only a preemption, each 10 ms, could lose one of these counts.
var count, isOver = 0, false

func worker() {
	for !isOver {
		count++
		runtime.Gosched()
	}
}

func main() {
	bench := common.Init("yield", 1)
	tasks := bench.Param
	for i := 1; i < tasks; i++ {
		go worker()
	}
	for units := bench.Next(); units != 0; units = bench.Next() {
		before := count
		for i := 0; i < units; i++ {
			count++
			runtime.Gosched()
		}
		// Gosched promises no round robin, so count what has run.
		bench.OpsPerUnit = float64(count-before) / float64(units)
	}
	isOver = true
}
