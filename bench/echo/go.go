// SPDX-License-Identifier: MIT

// An echo server: a goroutine for each connection.
package main

import (
	"net"
	"os"
	"strconv"

	"bide/bench/common"
)

func echo(conn net.Conn, size int) {
	defer conn.Close()
	buf := make([]byte, size)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

func main() {
	size, err := strconv.Atoi(os.Args[2])
	if err != nil {
		common.Fail(err.Error())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		common.Fail(err.Error())
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			common.Fail(err.Error())
		}
		go echo(conn, size)
	}
}
