// SPDX-License-Identifier: MIT

// The memory of so many sleeping goroutines, their CPU time, and the time beyond
// their sleep.
package main

import (
	"bide/bench/common"
	"sync"
	"time"
)

func main() {
	bench := common.Init("sleepers", 1)
	n := float64(bench.Param)
	before, start, cpu := common.Memory(), time.Now(), common.CPU()
	awakeAgain := 0
	var started, ended sync.WaitGroup
	started.Add(bench.Param)
	ended.Add(bench.Param)
	for i := 0; i < bench.Param; i++ {
		go func() {
			defer ended.Done()
			started.Done()
			time.Sleep(bench.Duration)
			awakeAgain++
		}()
	}
	started.Wait()
	asleep := time.Since(start)
	bytes := common.Memory() - before
	if awakeAgain != 0 {
		common.Fail("the sleep is too short to count the sleepers")
	}
	ended.Wait()
	over := time.Since(start) - bench.Duration
	cpu = common.CPU() - cpu
	common.Print("sleepers", bench.Param, bytes/n)
	common.Print("sleepers-start", bench.Param, float64(asleep)/n)
	common.Print("sleepers-over", bench.Param, float64(over)/n)
	common.Print("sleepers-cpu", bench.Param, float64(cpu)/n)
}
