// SPDX-License-Identifier: MIT

// Start one goroutine and wait for it, in so many goroutines at once.
package main

import (
	"bide/bench/common"
	"sync"
)

func parent(units int) {
	for i := 0; i < units; i++ {
		var wg sync.WaitGroup
		wg.Add(1)
		go func() {
			defer wg.Done()
		}()
		wg.Wait()
	}
}

func main() {
	bench := common.Init("threads", 1)
	bench.OpsPerUnit = float64(bench.Param)
	for units := bench.Next(); units != 0; units = bench.Next() {
		var parents sync.WaitGroup
		for i := 0; i < bench.Param; i++ {
			parents.Add(1)
			go func() {
				defer parents.Done()
				parent(units)
			}()
		}
		parents.Wait()
	}
}
