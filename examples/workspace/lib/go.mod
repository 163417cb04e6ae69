module github.com/gokiln/gokiln/examples/workspace/lib

go 1.26.0
