// SPDX-License-Identifier: MIT

// Package common is bench.h for Go: see there.
package common

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type Bench struct {
	Workload    string
	Param       int
	Repetitions int // lines still to print
	Duration    time.Duration
	OpsPerUnit  float64
	units       int
	started     time.Time
	isWarm      bool
}

func Fail(what string) {
	fmt.Fprintln(os.Stderr, what)
	os.Exit(1)
}

func Init(workload string, opsPerUnit float64) *Bench {
	if len(os.Args) != 4 {
		Fail("usage: PARAM REPETITIONS MILLISECONDS")
	}
	param, _ := strconv.Atoi(os.Args[1])
	repetitions, _ := strconv.Atoi(os.Args[2])
	ms, _ := strconv.Atoi(os.Args[3])
	return &Bench{Workload: workload, Param: param, Repetitions: repetitions,
		Duration: time.Duration(ms) * time.Millisecond, OpsPerUnit: opsPerUnit}
}

func Print(workload string, param int, value float64) {
	fmt.Printf("%s %d %.2f\n", workload, param, value)
}

func (b *Bench) calibrate(elapsed time.Duration) {
	factor := float64(b.Duration) / float64(elapsed+1)
	b.isWarm = elapsed >= b.Duration/2
	if factor > 10 {
		factor = 10
	}
	b.units = int(float64(b.units) * factor)
	if b.units == 0 {
		b.units = 1
	}
}

// Next ends the repetition that runs and begins the next one: how many units
// that is to do, 0 once there are enough.
func (b *Bench) Next() int {
	elapsed := time.Since(b.started)
	if b.units == 0 {
		b.units = 1
	} else if !b.isWarm {
		b.calibrate(elapsed)
	} else {
		Print(b.Workload, b.Param, float64(elapsed)/(float64(b.units)*b.OpsPerUnit))
		b.Repetitions--
		if b.Repetitions == 0 {
			return 0
		}
	}
	b.started = time.Now()
	return b.units
}

// CPU returns the CPU time, user and system, that the process has had.
func CPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		Fail(err.Error())
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Memory returns the bytes that the process holds, its page tables included.
func Memory() float64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		Fail(err.Error())
	}
	defer status.Close()
	sum := 0
	for lines := bufio.NewScanner(status); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[0] == "VmRSS:" || fields[0] == "VmPTE:" {
			kib, _ := strconv.Atoi(fields[1])
			sum += kib
		}
	}
	return float64(sum) * 1024
}
