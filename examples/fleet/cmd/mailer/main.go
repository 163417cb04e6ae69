// Command mailer writes to customers; this one writes to the answer.
package main

import (
	"fmt"
	"net/http"

	"github.com/gokiln/gokiln/examples/fleet/internal/serve"
)

func main() { serve.Main("mailer", handler()) }

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mails/{to}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Dear %s,\n", r.PathValue("to"))
	})
	return mux
}
