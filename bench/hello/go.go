// SPDX-License-Identifier: MIT

// An HTTP server that says hello.
package main

import (
	"io"
	"net/http"
	"os"

	"bide/bench/common"
)

func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "hello")
}

func main() {
	http.HandleFunc("/", hello)
	common.Fail(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil).Error())
}
