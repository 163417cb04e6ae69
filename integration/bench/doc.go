// Package bench measures gokiln beside what its users build with today, and writes
// down what it measured: a table, a JSON file, a chart and a page.
//
// All tools of one scenario build in one run, with the same daemon programs, registry
// and source, in turn and in rounds whose order alternates, so that a machine that gets
// slower or faster does so for all of them. A figure is the time of the user's own
// command line from start to end, the push included. Only ratios inside a row compare:
// rows may come from different runs, so each figure names its run, and a row never
// mixes two.
//
// Each change is new in every round, and after each timed build the program is fetched
// and searched for it: a build that gave yesterday's program is a failure and not a
// fast one.
//
// No test depends on a time measured here. A run ends only the daemons it started, and
// removes their caches and sources.
package bench
