// Command catalog lists what the shop sells.
package main

import (
	"encoding/json"
	"net/http"

	"github.com/gokiln/gokiln/examples/fleet/internal/serve"
)

type item struct {
	ID    string `json:"id"`
	Cents int    `json:"cents"`
}

func main() { serve.Main("catalog", handler()) }

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode([]item{{"brick", 120}, {"tile", 90}})
	})
	return mux
}
