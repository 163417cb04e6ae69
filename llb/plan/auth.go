package plan

import (
	"cmp"
	"path"
	"slices"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/spec"
)

func secretPath(id string) string { return path.Join(SecretDir, id) }
func agentPath(id string) string  { return path.Join(SSHDir, id) }

// moduleAuth says where the step finds each credential. The values themselves
// never pass through here.
func moduleAuth(auth []spec.Auth, source string) []modstep.Auth {
	var out []modstep.Auth
	for _, a := range auth {
		d := modstep.Auth{Host: a.Host, Path: a.Path, User: a.User, Header: a.Header, Prefix: a.Prefix}
		switch {
		case a.Token != "":
			d.Token = secretPath(a.Token)
		case a.Netrc != "":
			d.Netrc = secretPath(a.Netrc)
		case a.SSH != "":
			d.SSH, d.KnownHosts = agentPath(a.SSH), path.Join(source, a.KnownHosts)
		}
		out = append(out, d)
	}
	return out
}

func moduleSecrets(auth []spec.Auth) []Secret {
	var out []Secret
	for _, a := range auth {
		if id := cmp.Or(a.Token, a.Netrc); id != "" {
			out = append(out, Secret{ID: id, Dest: secretPath(id)})
		}
	}
	slices.SortFunc(out, func(a, b Secret) int { return cmp.Compare(a.ID, b.ID) })
	return slices.Compact(out)
}

func moduleAgents(auth []spec.Auth) []Agent {
	var out []Agent
	for _, a := range auth {
		if a.SSH != "" {
			out = append(out, Agent{a.SSH, agentPath(a.SSH)})
		}
	}
	slices.SortFunc(out, func(a, b Agent) int { return cmp.Compare(a.ID, b.ID) })
	return slices.Compact(out)
}
