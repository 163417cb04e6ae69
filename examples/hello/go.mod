module github.com/gokiln/gokiln/examples/hello

go 1.26.0
