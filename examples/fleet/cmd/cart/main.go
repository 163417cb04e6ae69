// Command cart keeps what customers are about to buy.
package main

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/gokiln/gokiln/examples/fleet/internal/serve"
)

func main() { serve.Main("cart", handler()) }

func handler() http.Handler {
	var mu sync.Mutex
	counts := map[string]int{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /carts/{cart}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		counts[r.PathValue("cart")]++
		fmt.Fprintln(w, counts[r.PathValue("cart")])
	})
	return mux
}
