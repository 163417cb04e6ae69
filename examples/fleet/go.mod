module github.com/gokiln/gokiln/examples/fleet

go 1.26.0
