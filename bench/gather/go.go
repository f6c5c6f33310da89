// SPDX-License-Identifier: MIT

// Start so many goroutines and wait for them.
package main

import (
	"bide/bench/common"
	"sync"
)

func main() {
	bench := common.Init("gather", 1)
	bench.OpsPerUnit = float64(bench.Param)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			var wg sync.WaitGroup
			wg.Add(bench.Param)
			for i := 0; i < bench.Param; i++ {
				go func() {
					defer wg.Done()
				}()
			}
			wg.Wait()
		}
	}
}
