// Package site is a website made of files: a configuration, templates, static
// files and pages. They are read once, at the start; a change to one needs a new
// start. Few files are embedded: those that have to be there when others are not.
package site

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"strings"
)

// embedded holds the error page, robots.txt and .well-known; "all:" because go
// embed leaves out names that start with a dot.
//
//go:embed all:embedded
var embedded embed.FS

// Config is the configuration file.
type Config struct {
	Title    string `json:"title"`
	Language string `json:"language"`
	// Stylesheets and Logo are paths below static.
	Stylesheets []string `json:"stylesheets"`
	Logo        string   `json:"logo"`
	// Pages are paths below content without their ending, in the order of the
	// navigation. "index" is the site's root.
	Pages []string `json:"pages"`
}

// Page is one page: a title and its text.
type Page struct {
	Title      string
	Paragraphs []string
}

// Site is a site that is ready to be served.
type Site struct {
	config Config
	static fs.FS
	// rendered holds each page by its URL's path.
	rendered map[string][]byte
	failure  *template.Template
}

// Load reads the configuration file and the site's folder, which holds
// templates, static and content, and may hold overrides. Every page is rendered:
// what is broken shows now, and not when a page is asked for.
func Load(configFile, dir string) (Site, error) {
	config, err := readConfig(configFile)
	if err != nil {
		return Site{}, err
	}
	root := os.DirFS(dir)
	static, err := fs.Sub(root, "static")
	if err != nil {
		return Site{}, err
	}
	failure, err := template.ParseFS(embedded, "embedded/error.html")
	if err != nil {
		return Site{}, err
	}
	for _, asset := range append([]string{config.Logo}, config.Stylesheets...) {
		if _, err := fs.Stat(static, asset); err != nil {
			return Site{}, fmt.Errorf("%s: asset %q: %w", configFile, asset, err)
		}
	}
	rendered, err := render(root, config)
	if err != nil {
		return Site{}, err
	}
	return Site{config: config, static: static, rendered: rendered, failure: failure}, nil
}

func readConfig(file string) (Config, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	var config Config
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return Config{}, fmt.Errorf("%s: %w", file, err)
	}
	if len(config.Pages) == 0 {
		return Config{}, fmt.Errorf("%s: pages: none are listed", file)
	}
	return config, nil
}

type link struct{ Path, Title string }

func render(root fs.FS, config Config) (map[string][]byte, error) {
	templates, err := template.ParseFS(root, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	var nav []link
	pages := map[string]Page{}
	for _, name := range config.Pages {
		page, err := readPage(root, name)
		if err != nil {
			return nil, err
		}
		pages[urlPath(name)] = page
		nav = append(nav, link{urlPath(name), page.Title})
	}
	rendered := map[string][]byte{}
	for at, page := range pages {
		var out bytes.Buffer
		data := struct {
			Site Config
			Page Page
			Nav  []link
		}{config, page, nav}
		if err := templates.ExecuteTemplate(&out, "page.html", data); err != nil {
			return nil, fmt.Errorf("render %s: %w", at, err)
		}
		rendered[at] = out.Bytes()
	}
	return rendered, nil
}

// readPage takes a page from overrides where it is there, else from content.
func readPage(root fs.FS, name string) (Page, error) {
	raw, err := fs.ReadFile(root, path.Join("overrides", name+".txt"))
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = fs.ReadFile(root, path.Join("content", name+".txt"))
	}
	if err != nil {
		return Page{}, fmt.Errorf("page %q: %w", name, err)
	}
	blocks := strings.Split(strings.TrimSpace(string(raw)), "\n\n")
	if blocks[0] == "" || strings.Contains(blocks[0], "\n") {
		return Page{}, fmt.Errorf("page %q: needs a first line as its title and an empty line after it", name)
	}
	return Page{Title: blocks[0], Paragraphs: blocks[1:]}, nil
}

func urlPath(name string) string {
	if name == "index" {
		return "/"
	}
	return "/" + name
}
