package grpcapi

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// fileName is where the service's definition would stand as a .proto file. It
// is written in Go: the messages are protobuf's well-known types.
const fileName = "gokiln/examples/notes/v1/notes.proto"

// packageName is the protobuf package; serviceName is the full name clients use.
const (
	packageName = "gokiln.examples.notes.v1"
	serviceName = packageName + ".Notes"
)

// resolver finds the descriptors that reflection clients, such as grpcurl, ask
// for: this service's own, else those linked into the program.
type resolver struct{ own protoreflect.FileDescriptor }

func newResolver() (resolver, error) {
	method := func(name, in, out string, stream bool) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{
			Name:            proto.String(name),
			InputType:       proto.String(".google.protobuf." + in),
			OutputType:      proto.String(".google.protobuf." + out),
			ServerStreaming: proto.Bool(stream),
		}
	}
	file := &descriptorpb.FileDescriptorProto{
		Syntax:     proto.String("proto3"),
		Name:       proto.String(fileName),
		Package:    proto.String(packageName),
		Dependency: []string{"google/protobuf/empty.proto", "google/protobuf/wrappers.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String("Notes"),
			Method: []*descriptorpb.MethodDescriptorProto{
				method("Add", "StringValue", "Int64Value", false),
				method("Get", "Int64Value", "StringValue", false),
				method("List", "Empty", "StringValue", true),
			},
		}},
	}
	own, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		return resolver{}, fmt.Errorf("describe %s: %w", serviceName, err)
	}
	return resolver{own}, nil
}

// FindFileByPath implements protodesc.Resolver.
func (r resolver) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if path == fileName {
		return r.own, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

// FindDescriptorByName implements protodesc.Resolver.
func (r resolver) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	service := r.own.Services().Get(0)
	if name == service.FullName() {
		return service, nil
	}
	if name.Parent() == service.FullName() {
		if method := service.Methods().ByName(name.Name()); method != nil {
			return method, nil
		}
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}
