// SPDX-License-Identifier: MIT

// A Gosched, a goroutine, a time limit and a channel, while so many others sleep.
package main

import (
	"bide/bench/common"
	"context"
	"runtime"
	"sync"
	"time"
)

var count, isOver = 0, false

func partner() {
	for !isOver {
		count++
		runtime.Gosched()
	}
}

func growthSwitch() {
	bench := common.Init("growth-switch", 1)
	go partner()
	for units := bench.Next(); units != 0; units = bench.Next() {
		before := count
		for i := 0; i < units; i++ {
			count++
			runtime.Gosched()
		}
		// Gosched promises no round robin, so count what has run.
		bench.OpsPerUnit = float64(count-before) / float64(units)
	}
	isOver = true
}

func growthSpawn() {
	bench := common.Init("growth-spawn", 1)
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

func limited() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	runtime.Gosched()
	return ctx.Err()
}

func growthTimer() {
	bench := common.Init("growth-timer", 1)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for i := 0; i < units; i++ {
			if err := limited(); err != nil {
				common.Fail(err.Error())
			}
		}
	}
}

func producer(items chan<- int) {
	for item := 0; ; item++ {
		items <- item
	}
}

func growthWake() {
	bench := common.Init("growth-wake", 1)
	items := make(chan int, 1)
	go producer(items)
	expected := 0
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			if <-items != expected {
				common.Fail("not the next item")
			}
			expected++
		}
	}
}

func main() {
	bench := common.Init("growth", 1)
	var started sync.WaitGroup
	started.Add(bench.Param)
	for i := 0; i < bench.Param; i++ {
		go func() {
			started.Done()
			time.Sleep(time.Hour)
		}()
	}
	started.Wait()
	growthSwitch()
	growthSpawn()
	growthTimer()
	growthWake()
}
