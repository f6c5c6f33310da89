// SPDX-License-Identifier: MIT

// A Broadcast wakes so many goroutines, which all wait for it again.
package main

import (
	"bide/bench/common"
	"sync"
)

var (
	mu      sync.Mutex
	start   = sync.NewCond(&mu)
	ready   = sync.NewCond(&mu)
	waiting int
	turn    int
)

func waiter(waiters int) {
	mu.Lock()
	for {
		mine := turn
		waiting++
		if waiting == waiters {
			ready.Signal()
		}
		for turn == mine {
			start.Wait()
		}
	}
}

func main() {
	bench := common.Init("event", 1)
	bench.OpsPerUnit = float64(bench.Param)
	allWait := func() {
		for waiting < bench.Param {
			ready.Wait()
		}
	}
	for i := 0; i < bench.Param; i++ {
		go waiter(bench.Param)
	}
	mu.Lock()
	allWait()
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			waiting = 0
			turn++
			start.Broadcast()
			allWait()
		}
	}
}
