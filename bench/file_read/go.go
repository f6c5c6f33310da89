// SPDX-License-Identifier: MIT

// Reads of a file that is in memory.
package main

import (
	"os"

	"bide/bench/common"
)

func main() {
	bench := common.Init("file_read", 1)
	file, err := os.Open("pages")
	if err != nil {
		common.Fail(err.Error())
	}
	page := make([]byte, 4096)
	state := uint64(0)
	for units := bench.Next(); units != 0; units = bench.Next() {
		for ; units != 0; units-- {
			state = state*6364136223846793005 + 1442695040888963407
			if _, err := file.ReadAt(page, int64(state>>50)*4096); err != nil {
				common.Fail(err.Error())
			}
		}
	}
}
