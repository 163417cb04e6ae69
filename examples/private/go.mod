module github.com/gokiln/gokiln/examples/private

go 1.26.0
