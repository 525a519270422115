#include "template/syntax.h"

#include "template/quote.h"

namespace logi::tmpl {
namespace {

template <typename T>
void print_joined(std::string& out, const std::vector<T>& items, std::string_view separator) {
    bool first = true;
    for (const T& item : items) {
        if (!first) {
            out.append(separator);
        }
        first = false;
        item.print(out);
    }
}

// A pipeline within something else stands in parentheses.
void print_nested(std::string& out, const Operand& operand) {
    const bool parentheses = operand.kind == Operand::Kind::kPipeline;
    out.append(parentheses ? "(" : "");
    operand.print(out);
    out.append(parentheses ? ")" : "");
}

std::string_view keyword(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::kIf:
            return "if";
        case Node::Kind::kRange:
            return "range";
        case Node::Kind::kWith:
            return "with";
        case Node::Kind::kBreak:
            return "break";
        case Node::Kind::kContinue:
            return "continue";
        case Node::Kind::kElse:
            return "else";
        case Node::Kind::kEnd:
            return "end";
        default:
            return "";
    }
}

}  // namespace

void Operand::print(std::string& out) const {
    switch (kind) {
        case Kind::kDot:
            out.push_back('.');
            return;
        case Kind::kNil:
            out.append("nil");
            return;
        case Kind::kBool:
            out.append(truth ? "true" : "false");
            return;
        case Kind::kNumber:
        case Kind::kString:
        case Kind::kFunction:
            out.append(text);
            return;
        case Kind::kVariable:
            for (std::size_t i = 0; i < names.size(); ++i) {
                out.append(i > 0 ? "." : "").append(names[i]);
            }
            return;
        case Kind::kPipeline:
            return pipeline->print(out);
        case Kind::kChain:
            print_nested(out, *base);
            break;
        case Kind::kField:
            break;
    }
    for (const std::string& name : names) {
        out.append(".").append(name);
    }
}

void Command::print(std::string& out) const {
    for (std::size_t i = 0; i < operands.size(); ++i) {
        out.append(i > 0 ? " " : "");
        print_nested(out, operands[i]);
    }
}

void Pipeline::print(std::string& out) const {
    if (!variables.empty()) {
        print_joined(out, variables, ", ");
        out.append(assigns ? " = " : " := ");
    }
    print_joined(out, commands, " | ");
}

void Node::print(std::string& out) const {
    switch (kind) {
        case Kind::kText:
            out.append(text);
            return;
        case Kind::kAction:
            out.append("{{");
            pipeline->print(out);
            out.append("}}");
            return;
        case Kind::kTemplate:
            out.append("{{template ").append(quote(text));
            if (pipeline != nullptr) {
                out.push_back(' ');
                pipeline->print(out);
            }
            out.append("}}");
            return;
        default:
            break;
    }
    out.append("{{").append(keyword(kind));
    if (pipeline != nullptr) {
        out.push_back(' ');
        pipeline->print(out);
    }
    out.append("}}");
}

}  // namespace logi::tmpl
