// SPDX-License-Identifier: MIT

// The memory of so many functions that time.AfterFunc is to call.
package main

import (
	"bide/bench/common"
	"time"
)

func main() {
	bench := common.Init("delayed", 1)
	n := float64(bench.Param)
	before, start := common.Memory(), time.Now()
	for i := 0; i < bench.Param; i++ {
		time.AfterFunc(time.Hour, func() { common.Fail("too early") })
	}
	elapsed := time.Since(start)
	common.Print("delayed", bench.Param, (common.Memory()-before)/n)
	common.Print("delayed-start", bench.Param, float64(elapsed)/n)
}
