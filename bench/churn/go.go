// SPDX-License-Identifier: MIT

// So many timers that are reset time and again.
package main

import (
	"bide/bench/common"
	"runtime"
	"time"
)

const batch = 1000

var state uint64

func random() uint64 {
	state = state*6364136223846793005 + 1442695040888963407
	return state >> 32
}

func delay() time.Duration {
	return time.Hour + time.Duration(random()%3600000)*time.Millisecond
}

func main() {
	bench := common.Init("churn", batch)
	n := uint64(bench.Param)
	timers := make([]*time.Timer, n)
	for i := range timers {
		timers[i] = time.AfterFunc(delay(), func() {
			common.Fail("a limit of hours has passed")
		})
	}
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			for i := 0; i < batch; i++ {
				timers[random()%n].Reset(delay())
			}
			runtime.Gosched()
		}
	}
}
