// SPDX-License-Identifier: MIT

// A context with a time limit around a call that gives up the thread once.
package main

import (
	"bide/bench/common"
	"context"
	"runtime"
	"time"
)

func call(ctx context.Context) error {
	runtime.Gosched()
	return ctx.Err()
}

func limited() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return call(ctx)
}

func main() {
	bench := common.Init("timeout", 1)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for i := 0; i < units; i++ {
			if err := limited(); err != nil {
				common.Fail(err.Error())
			}
		}
	}
}
