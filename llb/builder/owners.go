package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/moby/sys/user"
)

// owners resolves user and group names by the base image's /etc/passwd and
// /etc/group. The image is looked into only when a name needs it: numbers cost
// nothing.
type owners struct {
	open func() (fs.FS, error)
}

// newOwners returns a resolver over a base image that is solved at most once.
func newOwners(ctx context.Context, s session, base image) owners {
	return owners{open: sync.OnceValues(func() (fs.FS, error) {
		files, err := s.show(ctx, base.state)
		if err != nil {
			return nil, fmt.Errorf("read the base image: %w", err)
		}
		return files, nil
	})}
}

// find returns the numeric owner for "", "user", "user:group", "1000" or
// "1000:1000". Without a group it is the user's own by /etc/passwd, or for a
// number the same number, as `COPY --chown` has it.
func (o owners) find(owner string) (uid, gid int, err error) {
	if owner == "" {
		return 0, 0, nil
	}
	name, group, hasGroup := strings.Cut(owner, ":")
	uid, err = strconv.Atoi(name)
	gid = uid
	if err != nil {
		if uid, gid, err = o.user(name); err != nil {
			return 0, 0, err
		}
	}
	if !hasGroup {
		return uid, gid, nil
	}
	if gid, err = strconv.Atoi(group); err != nil {
		gid, err = o.group(group)
	}
	return uid, gid, err
}

func (o owners) user(name string) (uid, gid int, err error) {
	data, err := o.read("etc/passwd")
	if err != nil {
		return 0, 0, err
	}
	found, err := user.ParsePasswdFilter(bytes.NewReader(data), func(u user.User) bool { return u.Name == name })
	if err != nil {
		return 0, 0, fmt.Errorf("read /etc/passwd of the base image: %w", err)
	}
	if len(found) == 0 {
		return 0, 0, fmt.Errorf("the base image has no user %q; give its number", name)
	}
	return found[0].Uid, found[0].Gid, nil
}

func (o owners) group(name string) (int, error) {
	data, err := o.read("etc/group")
	if err != nil {
		return 0, err
	}
	found, err := user.ParseGroupFilter(bytes.NewReader(data), func(g user.Group) bool { return g.Name == name })
	if err != nil {
		return 0, fmt.Errorf("read /etc/group of the base image: %w", err)
	}
	if len(found) == 0 {
		return 0, fmt.Errorf("the base image has no group %q; give its number", name)
	}
	return found[0].Gid, nil
}

// read returns nothing for a file that the base image lacks, such as scratch.
func (o owners) read(name string) ([]byte, error) {
	fsys, err := o.open()
	if err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(fsys, name)
	var failed *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &failed):
		return nil, fmt.Errorf("read /%s of the base image: %w; give the number", name, failed.Err)
	}
	return data, err
}
