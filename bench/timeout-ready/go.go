// SPDX-License-Identifier: MIT

// A context with a time limit around the receipt of an item that is there.
package main

import (
	"bide/bench/common"
	"context"
	"time"
)

func receive(items <-chan int) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	select {
	case item := <-items:
		return item, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func main() {
	bench := common.Init("timeout-ready", 1)
	items := make(chan int, 1)
	sent := 0
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			items <- sent
			if item, err := receive(items); err != nil || item != sent {
				common.Fail("not the item")
			}
			sent++
		}
	}
}
