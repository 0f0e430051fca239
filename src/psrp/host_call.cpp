#include "psrp/host_call.h"

#include "psrp/fields.h"

namespace winrm::psrp {
namespace {

using detail::bad_field;
using detail::maybe;
using detail::need;
using detail::take;

clixml::value method_value(host_method method)
{
    return detail::enumeration("System.Management.Automation.Remoting.RemoteHostMethodId", name(method), method);
}

std::string text_of(const host_call& call, std::size_t at)
{
    return at < call.parameters.size() ? call.parameters[at].as<std::string>().value_or("") : std::string{};
}

std::optional<color> color_of(const host_call& call, std::size_t at)
{
    auto got = decode_color(call.parameters[at]);
    if (!got || *got < color::black || *got > color::white) return std::nullopt;
    return *got;
}

error wrong_method() { return {errc::bad_argument, "this is not the host method to read so"}; }

// Values of host parameters stand as they are, or as {T: type, V: value} (MS-PSRP 2.2.6.1.7).
const clixml::value& unwrap(const clixml::value& v)
{
    const clixml::value* inner = v.find("V");
    return inner != nullptr && v.find("T") != nullptr ? *inner : v;
}

constexpr std::int64_t most_cells = 1'000'000;

} // namespace

bool host_call::wants_answer() const noexcept
{
    const host_method_row* row = find_host_method(method);
    return row != nullptr && row->returns != host_type::none;
}

clixml::value host_call::to_value() const
{
    return clixml::value{clixml::object{}
                             .with("ci", id)
                             .with("mi", method_value(method))
                             .with("mp", clixml::value{clixml::object::array_list(parameters)})};
}

result<host_call> host_call::from_value(const clixml::value& v)
{
    host_call made;
    if (auto wrong = need(v, "ci", made.id)) return *wrong;
    if (auto wrong = need(v, "mi", made.method)) return *wrong;
    const host_method_row* row = find_host_method(made.method);
    if (row == nullptr) return error{errc::protocol, "a host call names no known method"};
    const clixml::value* list = v.find("mp");
    if (list == nullptr) return bad_field("mp");
    made.parameters.assign(list->items().begin(), list->items().end());
    if (made.parameters.size() != row->parameters.size())
        return error{errc::protocol, "the host call " + std::string{row->name} + " has not its number of parameters"};
    return made;
}

std::optional<host_write> read_host_write(const host_call& call)
{
    host_write made;
    switch (call.method) {
    case host_method::write1: made.text = text_of(call, 0); return made;
    case host_method::write2:
    case host_method::write_line3:
        if (call.parameters.size() != 3) return std::nullopt;
        made.foreground = color_of(call, 0);
        made.background = color_of(call, 1);
        made.text = text_of(call, 2);
        made.ends_line = call.method == host_method::write_line3;
        return made;
    case host_method::write_line1: made.ends_line = true; return made;
    case host_method::write_line2:
    case host_method::write_error_line:
    case host_method::write_debug_line:
    case host_method::write_verbose_line:
    case host_method::write_warning_line:
        made.text = text_of(call, 0);
        made.ends_line = true;
        return made;
    default: return std::nullopt;
    }
}

result<choice_prompt> read_choice_prompt(const host_call& call)
{
    choice_prompt made;
    made.multiple = call.method == host_method::prompt_for_choice_multiple_selection;
    if (!made.multiple && call.method != host_method::prompt_for_choice) return wrong_method();
    if (call.parameters.size() != 4) return bad_field("mp");
    made.caption = text_of(call, 0);
    made.message = text_of(call, 1);
    for (const clixml::value& item : call.parameters[2].items()) {
        choice one;
        if (auto wrong = need(item, "label", one.label)) return *wrong;
        take(item, "helpMessage", one.help);
        made.choices.push_back(std::move(one));
    }
    if (made.multiple) {
        auto defaults = decode_numbers(call.parameters[3]);
        if (!defaults) return defaults.error();
        made.defaults = std::move(*defaults);
    } else if (const auto at = call.parameters[3].as<std::int32_t>(); at && *at >= 0) {
        made.defaults.push_back(*at);
    }
    return made;
}

bool prompt_field::is_secure_string() const noexcept { return type_name == "System.Security.SecureString"; }
bool prompt_field::is_credential() const noexcept { return type_name == "System.Management.Automation.PSCredential"; }

result<field_prompt> read_field_prompt(const host_call& call)
{
    if (call.method != host_method::prompt) return wrong_method();
    if (call.parameters.size() != 3) return bad_field("mp");
    field_prompt made{text_of(call, 0), text_of(call, 1), {}};
    for (const clixml::value& item : call.parameters[2].items()) {
        prompt_field one;
        if (auto wrong = need(item, "name", one.name)) return *wrong;
        take(item, "label", one.label);
        take(item, "helpMessage", one.help);
        take(item, "parameterTypeFullName", one.type_name);
        take(item, "isMandatory", one.mandatory);
        one.default_value = item["defaultValue"];
        made.fields.push_back(std::move(one));
    }
    return made;
}

result<credential_prompt> read_credential_prompt(const host_call& call)
{
    if (call.method != host_method::prompt_for_credential1 && call.method != host_method::prompt_for_credential2)
        return wrong_method();
    return credential_prompt{text_of(call, 0), text_of(call, 1), text_of(call, 2), text_of(call, 3)};
}

clixml::value host_response::to_value() const
{
    clixml::object made;
    made.with("ci", id).with("mi", method_value(method));
    if (returned) made.with("mr", *returned);
    if (exception) made.with("me", exception->to_value());
    return clixml::value{std::move(made)};
}

result<host_response> host_response::from_value(const clixml::value& v)
{
    host_response made;
    if (auto wrong = need(v, "ci", made.id)) return *wrong;
    if (auto wrong = need(v, "mi", made.method)) return *wrong;
    if (find_host_method(made.method) == nullptr) return error{errc::protocol, "a host response names no known method"};
    if (const clixml::value* returned = v.find("mr"); returned != nullptr) made.returned = *returned;
    if (const clixml::value* thrown = v.find("me"); thrown != nullptr && !thrown->is_null()) {
        auto record = error_record::from_value(*thrown);
        if (!record) return record.error();
        made.exception = std::move(*record);
    }
    return made;
}

clixml::value encode(color c) { return static_cast<std::int32_t>(c); }
clixml::value encode(const coordinates& c) { return clixml::value{clixml::object{}.with("x", c.x).with("y", c.y)}; }
clixml::value encode(const size& s)
{
    return clixml::value{clixml::object{}.with("width", s.width).with("height", s.height)};
}
clixml::value encode(const rectangle& r)
{
    return clixml::value{
        clixml::object{}.with("left", r.left).with("top", r.top).with("right", r.right).with("bottom", r.bottom)};
}
clixml::value encode(const key_info& k)
{
    return clixml::value{clixml::object{}
                             .with("virtualKeyCode", k.virtual_key_code)
                             .with("character", k.character)
                             .with("controlKeyState", k.control_keys)
                             .with("keyDown", k.key_down)};
}
clixml::value encode(const buffer_cell& c)
{
    return clixml::value{clixml::object{}
                             .with("character", c.character)
                             .with("foregroundColor", encode(c.foreground))
                             .with("backgroundColor", encode(c.background))
                             .with("bufferCellType", static_cast<std::int32_t>(c.type))};
}
clixml::value encode(const std::vector<std::int32_t>& numbers)
{
    return clixml::value{clixml::object::array_list({numbers.begin(), numbers.end()})};
}
clixml::value encode(const std::vector<std::vector<buffer_cell>>& rows)
{
    const auto width = static_cast<std::int32_t>(rows.empty() ? 0 : rows.front().size());
    std::vector<clixml::value> cells;
    for (const auto& row : rows)
        for (const buffer_cell& cell : row) cells.push_back(encode(cell));
    return clixml::value{
        clixml::object{}
            .with("mae", clixml::value{clixml::object::array_list(std::move(cells))})
            .with("mal", encode(std::vector<std::int32_t>{static_cast<std::int32_t>(rows.size()), width}))};
}

result<color> decode_color(const clixml::value& v)
{
    const auto number = unwrap(v).as<std::int32_t>();
    if (!number) return error{errc::protocol, "a colour of a host call is no number"};
    return static_cast<color>(*number);
}

result<coordinates> decode_coordinates(const clixml::value& v)
{
    const clixml::value& in = unwrap(v);
    coordinates made;
    if (auto wrong = need(in, "x", made.x)) return *wrong;
    if (auto wrong = need(in, "y", made.y)) return *wrong;
    return made;
}

result<size> decode_size(const clixml::value& v)
{
    const clixml::value& in = unwrap(v);
    size made;
    if (auto wrong = need(in, "width", made.width)) return *wrong;
    if (auto wrong = need(in, "height", made.height)) return *wrong;
    return made;
}

result<rectangle> decode_rectangle(const clixml::value& v)
{
    const clixml::value& in = unwrap(v);
    rectangle made;
    if (auto wrong = need(in, "left", made.left)) return *wrong;
    if (auto wrong = need(in, "top", made.top)) return *wrong;
    if (auto wrong = need(in, "right", made.right)) return *wrong;
    if (auto wrong = need(in, "bottom", made.bottom)) return *wrong;
    return made;
}

result<key_info> decode_key_info(const clixml::value& v)
{
    const clixml::value& in = unwrap(v);
    key_info made;
    if (auto wrong = need(in, "virtualKeyCode", made.virtual_key_code)) return *wrong;
    if (auto wrong = need(in, "character", made.character)) return *wrong;
    if (auto wrong = need(in, "controlKeyState", made.control_keys)) return *wrong;
    if (auto wrong = need(in, "keyDown", made.key_down)) return *wrong;
    return made;
}

result<buffer_cell> decode_buffer_cell(const clixml::value& v)
{
    const clixml::value& in = unwrap(v);
    buffer_cell made;
    if (auto wrong = need(in, "character", made.character)) return *wrong;
    auto foreground = decode_color(in["foregroundColor"]);
    if (!foreground) return foreground.error();
    auto background = decode_color(in["backgroundColor"]);
    if (!background) return background.error();
    made.foreground = *foreground;
    made.background = *background;
    if (auto wrong = need(in, "bufferCellType", made.type)) return *wrong;
    return made;
}

result<std::vector<std::int32_t>> decode_numbers(const clixml::value& v)
{
    std::vector<std::int32_t> made;
    for (const clixml::value& item : unwrap(v).items()) {
        const auto number = unwrap(item).as<std::int32_t>();
        if (!number) return error{errc::protocol, "a list of numbers in a host call holds something else"};
        made.push_back(*number);
    }
    return made;
}

result<std::vector<std::vector<buffer_cell>>> decode_buffer_cells(const clixml::value& v)
{
    const clixml::value& in = unwrap(v);
    auto lengths = decode_numbers(in["mal"]);
    if (!lengths) return lengths.error();
    const auto cells = in["mae"].items();
    if (lengths->size() != 2 || (*lengths)[0] < 0 || (*lengths)[1] < 0 ||
        std::int64_t{(*lengths)[0]} * (*lengths)[1] > most_cells ||
        cells.size() != static_cast<std::size_t>((*lengths)[0]) * static_cast<std::size_t>((*lengths)[1]))
        return bad_field("mal");
    if ((*lengths)[1] == 0 && (*lengths)[0] > 0) return bad_field("mal"); // rows of nothing, without bound
    std::vector<std::vector<buffer_cell>> rows(static_cast<std::size_t>((*lengths)[0]));
    std::size_t at = 0;
    for (auto& row : rows)
        for (std::int32_t i = 0; i < (*lengths)[1]; ++i) {
            auto cell = decode_buffer_cell(cells[at++]);
            if (!cell) return cell.error();
            row.push_back(*cell);
        }
    return rows;
}

} // namespace winrm::psrp
