// The tree of a template: what the parser makes and the evaluator walks. Immutable afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::tmpl {

struct Function;
struct Pipeline;

// Something with a place in the text, that error texts can quote.
struct Syntax {
    std::uint32_t offset = 0;  // in bytes, into the whole text

    Syntax() = default;
    Syntax(const Syntax&) = delete;
    Syntax& operator=(const Syntax&) = delete;
    Syntax(Syntax&&) = default;
    Syntax& operator=(Syntax&&) = default;
    virtual ~Syntax() = default;
    // Appends it as Go prints its node: canonical spaces, literals as they were written. Of an if,
    // range or with only the head.
    virtual void print(std::string& out) const = 0;
};

// A literal number: which types it fits, as untyped constants of Go.
struct Number {
    bool is_int = false;
    bool is_uint = false;
    bool is_float = false;
    std::int64_t integer = 0;
    double real = 0;
};

struct Operand final : Syntax {
    enum class Kind {
        kDot,
        kNil,
        kBool,
        kNumber,
        kString,
        kField,     // .a.b
        kVariable,  // $x.a.b
        kFunction,  // a name
        kChain,     // (…).a.b or name.a.b
        kPipeline,  // (…)
    };
    Kind kind = Kind::kDot;
    std::string text;                // a literal as it was written, or the function's name
    std::string string;              // kString: its value
    bool truth = false;              // kBool
    Number number;                   // kNumber
    std::vector<std::string> names;  // kField, kChain: a b; kVariable: $x a b
    const Function* function = nullptr;
    std::unique_ptr<Pipeline> pipeline;  // kPipeline
    std::unique_ptr<Operand> base;       // kChain

    void print(std::string& out) const override;
};

// A value, or a function or method with its arguments.
struct Command final : Syntax {
    std::vector<Operand> operands;  // not empty
    void print(std::string& out) const override;
};

struct Pipeline final : Syntax {
    bool assigns = false;            // $x = …, not $x := …
    std::vector<Operand> variables;  // those that it declares or assigns
    std::vector<Command> commands;   // not empty
    void print(std::string& out) const override;
};

struct Node final : Syntax {
    enum class Kind {
        kText,
        kAction,
        kIf,
        kRange,
        kWith,
        kTemplate,
        kBreak,
        kContinue,
        kElse,
        kEnd
    };
    Kind kind = Kind::kText;
    std::string text;  // kText: the text; kTemplate: the name
    std::unique_ptr<Pipeline>
        pipeline;  // not for kText, kBreak, kContinue; may be null for kTemplate
    std::vector<Node> body;
    bool has_else = false;
    std::vector<Node> else_body;
    // kAction that only writes one field of dot: {{.a}}. Points into the pipeline.
    const std::string* field = nullptr;

    void print(std::string& out) const override;
};

// The node only marks the end of a list and is never executed.
[[nodiscard]] inline bool is_marker(const Node& node) {
    return node.kind == Node::Kind::kElse || node.kind == Node::Kind::kEnd;
}

}  // namespace logi::tmpl
