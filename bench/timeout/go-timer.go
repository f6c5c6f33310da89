// SPDX-License-Identifier: MIT

// A select with a timer around a wait that another goroutine ends.
//
// The timer is in the select of the wait, so there has to be one: two goroutines signal
// each other, and each of their waits suspends once.
package main

import (
	"bide/bench/common"
	"time"
)

type turns [2]chan struct{}

func (t *turns) turn(mine int) {
	t[1-mine] <- struct{}{}
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case <-t[mine]:
	case <-limit.C:
		common.Fail("the limit has passed")
	}
}

func partner(t *turns) {
	for {
		t.turn(1)
	}
}

func main() {
	bench := common.Init("timeout", 2)
	t := turns{make(chan struct{}, 1), make(chan struct{}, 1)}
	go partner(&t)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for i := 0; i < units; i++ {
			t.turn(0)
		}
	}
}
