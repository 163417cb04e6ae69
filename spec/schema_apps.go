package spec

import "slices"

func cacheFields(c *Cache) []field {
	return []field{
		{key: "dependencies", reader: scalar(&c.Dependencies, "auto, layer or mount", false, checkDependencies), def: "`auto`", example: "layer",
			doc: "Where compiled packages are kept besides the cache mount. `auto` compiles dependencies into a layer that travels with the cache export, packages that several apps share into layers of theirs, and the app's own packages too where they are many; `layer` does so however few they are; `mount` makes no layers."},
	}
}

// groupsField is the key that only apps have.
func groupsField(target *[]string) field {
	return field{key: "groups", reader: groupList(target), def: "none", example: "[backend]",
		doc: "The groups of the bake file that the app is in besides `default`, which has all apps: names as those of apps."}
}

func groupList(target *[]string) reader {
	return list(target, stringOrList, listOptions{single: true, unique: true, rule: one(checkAppName)})
}

// sharedFields are the top level's keys that no app overrides.
func sharedFields(s *Spec) []field {
	return slices.DeleteFunc(schema(s), func(f field) bool { return f.key != "modules" && f.key != "cache" })
}

// appFields are the keys of an app: the top level's, and groups, which is read
// before.
func appFields(s *Spec) []field {
	fields := slices.DeleteFunc(schema(s), func(f field) bool { return onlyAtTop()[f.key] != "" })
	return append(fields, groupsField(&[]string{}))
}
