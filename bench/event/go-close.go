// SPDX-License-Identifier: MIT

// The close of a channel wakes so many goroutines, which all wait for the next.
package main

import "bide/bench/common"

// A channel that is closed stays so: each round has a new one.
var start = make(chan struct{})
var ready = make(chan struct{})
var waiting int

func waiter(waiters int) {
	for {
		mine := start
		waiting++
		if waiting == waiters {
			ready <- struct{}{}
		}
		<-mine
	}
}

func main() {
	bench := common.Init("event", 1)
	bench.OpsPerUnit = float64(bench.Param)
	for i := 0; i < bench.Param; i++ {
		go waiter(bench.Param)
	}
	<-ready
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			closed := start
			waiting, start = 0, make(chan struct{})
			close(closed)
			<-ready
		}
	}
}
