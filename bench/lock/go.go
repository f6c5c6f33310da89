// SPDX-License-Identifier: MIT

// So many goroutines take turns with one Mutex and yield while they hold it.
package main

import (
	"bide/bench/common"
	"runtime"
	"sync"
)

type counter struct {
	mu    sync.Mutex
	count int
}

func (c *counter) add(isContended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	if isContended {
		runtime.Gosched()
	}
}

func main() {
	bench := common.Init("lock", 1)
	bench.OpsPerUnit = float64(bench.Param)
	for units := bench.Next(); units != 0; units = bench.Next() {
		var c counter
		var wg sync.WaitGroup
		wg.Add(bench.Param)
		for n := 0; n < bench.Param; n++ {
			go func() {
				defer wg.Done()
				for i := 0; i < units; i++ {
					c.add(bench.Param > 1)
				}
			}()
		}
		wg.Wait()
		if c.count != bench.Param*units {
			common.Fail("a goroutine failed")
		}
	}
}
