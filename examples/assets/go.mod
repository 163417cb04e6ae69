module github.com/gokiln/gokiln/examples/assets

go 1.26.0
