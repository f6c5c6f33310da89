// SPDX-License-Identifier: MIT

// Start so many goroutines that block, cancel their context, wait for them.
//
// Goroutines cannot be cancelled one by one; the idiom, which is also the
// cheapest way, is one context for all of them.
package main

import (
	"bide/bench/common"
	"context"
	"sync"
)

func oneRound(n int) {
	ctx, cancel := context.WithCancel(context.Background())
	var started, ended sync.WaitGroup
	started.Add(n)
	ended.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			defer ended.Done()
			started.Done()
			<-ctx.Done()
		}()
	}
	started.Wait()
	cancel()
	ended.Wait()
}

func main() {
	bench := common.Init("cancel", 1)
	bench.OpsPerUnit = float64(bench.Param)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			oneRound(bench.Param)
		}
	}
}
