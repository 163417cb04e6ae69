package builder

import (
	"errors"
	"fmt"
	"regexp"

	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
	"github.com/gokiln/gokiln/spec"
)

// explain turns the daemon's word on a failed step into what the user can act
// on. The module step says by its exit status which symptom it saw; the details
// are in its output, which clients show above the error.
func explain(err error, apps ...*spec.Spec) error {
	for _, s := range apps {
		if located := missingSecret(err, s); located != nil {
			return located
		}
	}
	var exit *gatewaypb.ExitError
	if !errors.As(err, &exit) || failedProgram(err) != modstep.Program {
		return err
	}
	code, ok := symptom.FromExit(int(exit.ExitCode))
	if !ok {
		return err
	}
	return fmt.Errorf("%s %s: %w", code.Summary(), code.Tag(), err)
}

// failedProgram is the program of the command that has failed, "" where it was none.
// BuildKit sends the step's op along with the error.
func failedProgram(err error) string {
	var failed *errdefs.SolveError
	if !errors.As(err, &failed) {
		return ""
	}
	args := failed.Op.GetExec().GetMeta().GetArgs()
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// What the daemon and buildx say of a secret or an agent that was not passed.
var (
	noSecretRule = regexp.MustCompile(`secret ([^\s:]+): not found`)
	noAgentRule  = regexp.MustCompile(`(?:unset ssh forward key |no SSH key "?)([^\s"]+)`)
)

// missingSecret points at the entry of modules.auth that wants what the client
// did not pass.
func missingSecret(err error, s *spec.Spec) error {
	secret, agent := firstMatch(noSecretRule, err), firstMatch(noAgentRule, err)
	for i, a := range s.Modules.Auth {
		var key, cure string
		switch {
		case secret != "" && a.Token == secret:
			key, cure = "token", "--secret id="+secret+",env=VARIABLE (or src=FILE)"
		case secret != "" && a.Netrc == secret:
			key, cure = "netrc", "--secret id="+secret+",src=FILE"
		case agent != "" && a.SSH == agent:
			key, cure = "ssh", "--ssh "+agent
		default:
			continue
		}
		return s.Errorf(spec.Key(spec.Index("modules.auth", i), key), "the build got no %q; pass it with %s %s: %w",
			secret+agent, cure, symptom.Secret.Tag(), err)
	}
	return nil
}

func firstMatch(rule *regexp.Regexp, err error) string {
	if m := rule.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}
