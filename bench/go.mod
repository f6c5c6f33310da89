module bide/bench

go 1.19
