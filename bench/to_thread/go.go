// SPDX-License-Identifier: MIT

// A call that does nothing, in a goroutine that sends its result by a channel.
package main

import "bide/bench/common"

func empty() int {
	return 1
}

func main() {
	bench := common.Init("to_thread", 1)
	result := make(chan int)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			go func() {
				result <- empty()
			}()
			if <-result != 1 {
				common.Fail("the call failed")
			}
		}
	}
}
