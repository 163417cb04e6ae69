module github.com/gokiln/gokiln/examples/workspace/app

go 1.26.0

require (
	github.com/gokiln/gokiln/examples/workspace/clock v0.0.0
	github.com/gokiln/gokiln/examples/workspace/lib v0.0.0
)

replace (
	// Of no workspace: reached by its folder alone.
	github.com/gokiln/gokiln/examples/workspace/clock => ../clock
	// go.work says the same; here it is for a build without it, GOWORK=off.
	github.com/gokiln/gokiln/examples/workspace/lib => ../lib
)
