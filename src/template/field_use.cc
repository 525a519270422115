#include "template/field_use.h"

#include "template/function.h"

#include <utility>

namespace logi::tmpl {
namespace {

// Whether dot, and whether $, can be the labels at some place. As long as neither is used as a
// whole, no variable can hold them.
struct Place {
    bool dot = true;
    bool dollar = true;
    friend auto operator<=>(const Place&, const Place&) = default;
};

class Analysis {
  public:
    explicit Analysis(const Definitions& definitions) : definitions_(definitions) {}

    FieldUse run(const std::string& main) {
        definition(main, {});
        return std::move(use_);
    }

  private:
    void definition(const std::string& name, Place place) {
        const auto it = definitions_.find(name);
        if (it != definitions_.end() && seen_.insert({name, place}).second) {
            list(it->second, place);
        }
    }

    void list(const std::vector<Node>& nodes, Place place) {
        for (const Node& node : nodes) {
            this->node(node, place);
        }
    }

    void node(const Node& node, Place place) {
        if (node.kind == Node::Kind::kTemplate) {
            return call(node, place);
        }
        if (node.pipeline != nullptr) {
            pipeline(*node.pipeline, place);
        }
        // Where dot moves it is no longer the labels: {{with .}} has already used them as a whole.
        const bool moves_dot = node.kind == Node::Kind::kRange || node.kind == Node::Kind::kWith;
        list(node.body, {place.dot && !moves_dot, place.dollar});
        list(node.else_body, place);
    }

    // {{template "t" .}} hands the labels on without reading them.
    void call(const Node& node, Place place) {
        const Operand* const data =
            node.pipeline == nullptr ? nullptr : only_operand(*node.pipeline);
        if (data != nullptr && is_labels(*data, place)) {
            return definition(node.text, {true, true});
        }
        if (node.pipeline != nullptr) {
            pipeline(*node.pipeline, place);
        }
        definition(node.text, {false, false});
    }

    static const Operand* only_operand(const Pipeline& pipe) {
        const bool single = pipe.variables.empty() && pipe.commands.size() == 1 &&
                            pipe.commands[0].operands.size() == 1;
        return single ? &pipe.commands[0].operands[0] : nullptr;
    }

    static bool is_labels(const Operand& operand, Place place) {
        if (operand.kind == Operand::Kind::kVariable) {
            return place.dollar && operand.names.size() == 1 && operand.names[0] == "$";
        }
        return operand.kind == Operand::Kind::kDot && place.dot;
    }

    void pipeline(const Pipeline& pipe, Place place) {
        for (const Command& cmd : pipe.commands) {
            command(cmd, place);
        }
        // A variable may be called $ too.
        for (const Operand& variable : pipe.variables) {
            use_.all |= variable.names[0] == "$";
        }
    }

    void command(const Command& cmd, Place place) {
        const Operand& first = cmd.operands[0];
        std::size_t from = 0;
        if (first.kind == Operand::Kind::kFunction && cmd.operands.size() > 1) {
            const Operand& argument = cmd.operands[1];
            if (first.function->pattern_first && argument.kind == Operand::Kind::kString) {
                use_.patterns.push_back(argument.string);
            }
            if (is_index(first) && is_labels(argument, place) && cmd.operands.size() > 2 &&
                cmd.operands[2].kind == Operand::Kind::kString) {
                use_.names.insert(cmd.operands[2].string);
                from = 3;
            }
        }
        for (; from < cmd.operands.size(); ++from) {
            operand(cmd.operands[from], place);
        }
    }

    static bool is_index(const Operand& function) { return function.function->name == "index"; }

    void operand(const Operand& operand, Place place) {
        switch (operand.kind) {
            case Operand::Kind::kField:
                if (place.dot) {
                    use_.names.insert(operand.names[0]);
                }
                return;
            case Operand::Kind::kVariable:
                if (place.dollar && operand.names[0] == "$" && operand.names.size() > 1) {
                    use_.names.insert(operand.names[1]);
                }
                break;
            case Operand::Kind::kFunction:
                use_.line |= operand.function->reads_line;
                use_.time |= operand.function->reads_time;
                return;
            case Operand::Kind::kPipeline:
                return pipeline(*operand.pipeline, place);
            case Operand::Kind::kChain:
                return this->operand(*operand.base, place);
            default:
                break;
        }
        use_.all |= is_labels(operand, place);
    }

    const Definitions& definitions_;
    std::set<std::pair<std::string, Place>> seen_;
    FieldUse use_;
};

}  // namespace

FieldUse field_use(const Definitions& definitions, const std::string& main) {
    return Analysis(definitions).run(main);
}

}  // namespace logi::tmpl
