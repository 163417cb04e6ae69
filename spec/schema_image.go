package spec

func imageFields(i *Image) []field {
	health := healthFields(&Healthcheck{})
	files := fileFields(&File{})
	words := func(target *[]string) reader {
		return list(target, "a list of strings", listOptions{literal: true, line: notShell, rule: one(anyText)})
	}
	return []field{
		{key: "base", reader: scalar(&i.Base, "a string", false, checkBase),
			def: "`gcr.io/distroless/static:nonroot`; with cgo `gcr.io/distroless/base:nonroot`", example: "gcr.io/distroless/base:nonroot",
			doc: "The base image. `scratch` is the empty one."},
		{key: "user", reader: scalar(&i.User, "a string or a number", true, checkUser),
			def: "the base image's", example: "65532:65532",
			doc: "The user, and after `:` the group, that the program runs as: names or numbers."},
		{key: "entrypoint", reader: words(&i.Entrypoint),
			def: "the first program", example: "[/usr/bin/api, serve]",
			doc: "The command, as a list: no shell takes part. `[]` takes the base image's away and leaves none."},
		{key: "cmd", reader: words(&i.Cmd),
			def: "none", example: "[serve, --port=8080]",
			doc: "The arguments after the entrypoint, as a list. The base image's are dropped, as they are meant for its own entrypoint."},
		{key: "workdir", reader: scalar(&i.Workdir, "a string", false, checkAbsolute),
			def: "the base image's", example: "/data", doc: "The working directory, an absolute path."},
		{key: "env", reader: pairs(&i.Env, stringMap, pairsOptions{key: checkEnvName, value: anyValue, bare: notInherited}),
			def: "the base image's", example: "{PORT: 8080, DEBUG: true}",
			doc: "Environment of the container, merged over the base image's. Numbers and booleans are taken as they are written."},
		{key: "ports", reader: list(&i.Ports, "a port or a list of ports", listOptions{single: true, literal: true, unique: true, rule: checkPorts}),
			def: "the base image's", example: "[8080, 53/udp, 9000-9010]",
			doc: "Ports the program listens on, with `/tcp` (the default), `/udp` or `/sctp`; a range stands for each of its ports. They inform: publishing is `docker run -p`."},
		{key: "labels", reader: templatePairs(&i.Labels, pairsOptions{key: checkLabel, value: anyValue}), template: true,
			def: "the base image's", example: `{team: payments, org.opencontainers.image.version: "{{.Version}}"}`,
			doc: "Labels, merged over the base image's. Keys are plain text, values may be templates."},
		{key: "volumes", reader: list(&i.Volumes, stringOrList, listOptions{single: true, unique: true, rule: one(checkVolume)}),
			def: "the base image's", example: "[/data]", doc: "Absolute paths that hold data beyond the container's life."},
		{key: "healthcheck", after: checkHealth, reader: healthcheck(&i.Healthcheck), fields: health,
			doc: "How a container engine finds out whether the program is healthy."},
		{key: "stop_signal", reader: scalar(&i.StopSignal, "a signal's name or number", true, checkSignal),
			def: "the base image's", example: "SIGINT", doc: "The signal that stops the container."},
		{key: "files", reader: fileList(&i.Files), fields: files,
			def: "none", example: "[{from: web/dist/**, to: /srv/web/}]",
			doc: "Files from the build context to put into the image, in this order."},
	}
}

func healthFields(h *Healthcheck) []field {
	return []field{
		{key: "test", reader: healthTest(&h.Test), def: "required", example: "[CMD, /usr/bin/api, health]",
			doc: "`[CMD, program, arguments...]`, `[CMD-SHELL, line]`, or `[NONE]` to turn the base image's off. A string is a line for the image's shell, which distroless images do not have."},
		{key: "interval", reader: duration(&h.Interval), def: "the engine's: 30s", example: "10s", doc: "The time between two checks."},
		{key: "timeout", reader: duration(&h.Timeout), def: "the engine's: 30s", example: "3s", doc: "How long one check may take."},
		{key: "start_period", reader: duration(&h.StartPeriod), def: "the engine's: 0s", example: "30s", doc: "How long failures do not count after the start."},
		{key: "start_interval", reader: duration(&h.StartInterval), def: "the engine's: 5s", example: "1s", doc: "The time between two checks in the start period."},
		{key: "retries", reader: count(&h.Retries, 1000), def: "the engine's: 3", example: "5", doc: "How many failures in a row make the container unhealthy."},
	}
}

func healthcheck(target **Healthcheck) reader {
	return reader{"a map", func(d *decoder, path string, n *node) {
		h := &Healthcheck{}
		before := len(d.list)
		d.fields(path, n, healthFields(h))
		if len(d.list) == before {
			*target = h
		}
	}}
}

func fileFields(f *File) []field {
	return []field{
		{key: "from", reader: scalar(&f.From, "a string", false, checkFrom), def: "required", example: "web/dist/**",
			doc: "A path or a glob in the build context."},
		{key: "to", reader: scalar(&f.To, "a string", false, checkTo), def: "required", example: "/srv/web/",
			doc: "An absolute path in the image. With a slash at the end, with several matches or with a folder it is the folder to copy into."},
		{key: "owner", reader: scalar(&f.Owner, "a string or a number", true, checkUser), def: "`0:0`", example: "65532:65532",
			doc: "`uid[:gid]`, or names that the base image knows."},
		{key: "mode", reader: mode(&f.Mode), def: "git's: `0755` where the source may be executed, else `0644`", example: "0644",
			doc: "The permission bits of the files, in octal, with or without a leading `0` or `0o`."},
	}
}

func fileList(target *[]File) reader {
	const want = "a list of maps with from and to"
	return reader{want, func(d *decoder, path string, n *node) {
		if n.kind != kindList {
			d.wrongType(path, n, want)
			return
		}
		files := []File{}
		for i, item := range n.items {
			var f File
			at := Index(path, i)
			d.place(at, item.at)
			before := len(d.list)
			if item.kind != kindMap {
				d.wrongType(at, item, "a map such as {from: web/dist, to: /srv/web/}")
				continue
			}
			d.fields(at, item, fileFields(&f))
			if len(d.list) == before && (f.From == "" || f.To == "") {
				d.errorf(item.at, at, "%s missing: write {from: PATH, to: /PATH}", missing(f))
			}
			files = append(files, f)
		}
		*target = files
	}}
}

func missing(f File) string {
	switch {
	case f.From != "":
		return "to is"
	case f.To != "":
		return "from is"
	}
	return "from and to are"
}
