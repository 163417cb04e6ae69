module github.com/gokiln/gokiln/examples/workspace/clock

go 1.26.0
