// SPDX-License-Identifier: MIT

// Start one goroutine and wait for it.
package main

import (
	"bide/bench/common"
	"sync"
)

func main() {
	bench := common.Init("spawn", 1)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for i := 0; i < units; i++ {
			var wg sync.WaitGroup
			wg.Add(1)
			go func() {
				defer wg.Done()
			}()
			wg.Wait()
		}
	}
}
