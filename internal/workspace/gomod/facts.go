package gomod

// Facts are what is known of a module once its files are read: plain data, with
// nothing behind it that could still read. All paths are clean, slash-separated and
// relative to the build context's root.
type Facts struct {
	// Dir is the main module's folder, "." for the context's root.
	Dir string
	// Path is the module's path.
	Path string
	// Go is the version on the go line in force, as written: go.work's where GoWork
	// is set and has one, since the go command picks its toolchain by that one, else
	// go.mod's. "" means that there is none; Go then assumes 1.16.
	Go string
	// Toolchain is the version on the toolchain line of the same file, without
	// "go" and without a "-suffix": "1.25.9". "" means that there is none, that it
	// says "default", or that it is older than Go and so without effect.
	Toolchain string
	// ModuleLine is where go.mod's module line stands.
	ModuleLine Place
	// GoLine is where Go was read; without a go line it is go.work or go.mod with a
	// zero range. ToolchainLine is the same for Toolchain.
	GoLine, ToolchainLine Place
	// GoWork is the path of the go.work in force, "" when there is none. It uses
	// this module, or Load would have failed.
	GoWork string
	// RecipeFiles are, sorted, exactly the files that decide which modules are
	// downloaded: go.mod and go.sum; with GoWork also go.work, go.work.sum and each
	// member's go.mod and go.sum; and the go.mod of every folder that a replace
	// directive in force points to. A replaced folder's go.sum is not one of them:
	// Go checks its requirements against the main module's.
	RecipeFiles []string
	// SumFiles are those of RecipeFiles that hold hashes: each go.sum and
	// go.work.sum in force.
	SumFiles []string
	// Requires reports whether a module has to be downloaded: one that is required,
	// here or in a local replacement, and that is neither a workspace member nor
	// replaced by a folder.
	Requires bool
	// Requirements is the number of modules that the go.mod files known so far
	// require, including those that come from folders.
	Requirements int
	// Vendor reports whether Go would by default build from the vendor folder
	// beside go.mod (from Go 1.14 on) or go.work (from 1.22 on): it has a
	// modules.txt made for the same mode.
	Vendor bool
	// Vendored reports whether the build uses the vendor folder: VendoredWith of
	// Options.Mod.
	Vendored bool
	// Outside are the folders outside the build context in use, sorted by Path.
	Outside []Outside
	// Local are the paths of the modules that come from the build context or from
	// Outside, sorted: the main module, workspace members, and what a replace
	// directive in force replaces by a folder that is there (the replaced path).
	Local []string
	// Forks are the replacements in force of modules by other modules, sorted, such
	// as "e.com/a => e.com/b@v1.2.0". With -trimpath the go command hashes the
	// version of the replaced module and not of its replacement: for a package with
	// files that it does not hash it may take the object of another fork.
	Forks []string
}

// VendoredWith reports whether a build with a value of -mod uses the vendor folder.
// Empty is the go command's own choice.
func (f Facts) VendoredWith(mod string) bool { return mod == "vendor" || mod == "" && f.Vendor }
