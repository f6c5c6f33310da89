// SPDX-License-Identifier: MIT

// A select with a timer around the receipt of an item that is there.
package main

import (
	"bide/bench/common"
	"time"
)

func receive(items <-chan int) (int, bool) {
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case item := <-items:
		return item, true
	case <-limit.C:
		return 0, false
	}
}

func main() {
	bench := common.Init("timeout-ready", 1)
	items := make(chan int, 1)
	sent := 0
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			items <- sent
			if item, ok := receive(items); !ok || item != sent {
				common.Fail("not the item")
			}
			sent++
		}
	}
}
