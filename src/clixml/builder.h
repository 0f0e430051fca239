// Values from the tokens of a scanner.
#pragma once

#include "clixml/object_node.h"
#include "clixml/reader.h"
#include "clixml/references.h"
#include "clixml/scanner.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace winrm::clixml {

class builder
{
public:
    enum class step : std::uint8_t { item, need_more, finished, bad };

    explicit builder(const limits& bounds) : bounds_(bounds) {}

    /// Goes on until a value at the top is whole.
    [[nodiscard]] step advance(scanner& from);
    /// After step::item, once.
    [[nodiscard]] item take() { return std::move(ready_); }
    /// After step::bad.
    [[nodiscard]] errc code() const noexcept { return code_; }
    [[nodiscard]] const char* why() const noexcept { return why_; }
    [[nodiscard]] bool between_documents() const noexcept { return state_ == phase::between; }

private:
    enum class phase : std::uint8_t {
        between, ///< documents
        elements,
        leaf, ///< inside of an element that holds text only
        raw   ///< inside of one that is kept as XML text
    };
    enum class place : std::uint8_t {
        top,
        bare,
        object,
        type_names,
        list,
        adapted,
        extended,
        dictionary,
        entry,
        progress
    };
    enum class leaf_use : std::uint8_t { value, ready, to_string, type_name, type_reference, progress_part };

    struct frame
    {
        place where;
        contents holds = contents::none;
        std::uint64_t tag = 0; ///< packed name; 0 = the last of long_names_
        std::size_t owner = 0; ///< the object's frame that it belongs to
        std::size_t first = 0; ///< where its part of properties_, values_ or names_ begins
        std::unique_ptr<detail::object_node> node;
        kind becomes = kind::object;
        text name;
        text id; ///< RefId of a TN
        bool has_id = false;
        reference_table<referent>::place reference{}; ///< if it has
    };
    struct attributes
    {
        const raw_attribute *name = nullptr, *stream = nullptr;
        base::bytes_view id;
    };
    struct binding
    {
        std::size_t depth;
        std::string prefix;
        bool ours;
    };
    struct remembered
    {
        std::uint64_t item, size;
    };

    step fail(errc code, const char* why)
    {
        code_ = code;
        why_ = why;
        return step::bad;
    }
    bool refuse(errc code, const char* why)
    {
        fail(code, why);
        return false;
    }
    bool charge(std::uint64_t values);

    [[nodiscard]] step begin_document(scanner& from);
    [[nodiscard]] bool on_start(const scanner& from, bool closed);
    [[nodiscard]] bool on_end(base::bytes_view name);
    [[nodiscard]] bool on_text(const scanner& from);
    [[nodiscard]] bool on_whole_leaf(const scanner& from);
    [[nodiscard]] bool on_stray_text(const scanner& from);
    [[nodiscard]] bool is_bound(base::bytes_view attribute);
    [[nodiscard]] bool check_kept(const scanner& from, scanner::token what);
    [[nodiscard]] bool on_raw(const scanner& from, scanner::token what);

    [[nodiscard]] bool read_attributes(const scanner& from, attributes& into);
    [[nodiscard]] bool bind_namespaces(const scanner& from);
    [[nodiscard]] base::bytes_view local_name(base::bytes_view qualified);
    [[nodiscard]] bool start_in_object(std::uint64_t tag, const attributes& a, const scanner& from);
    [[nodiscard]] bool start_in_progress(std::uint64_t tag, const attributes& a);
    [[nodiscard]] bool start_value(std::uint64_t tag, const attributes& a, const scanner& from);
    [[nodiscard]] bool start_object(kind becomes, place where, const attributes& a);
    [[nodiscard]] bool start_reference(const attributes& a);
    void start_leaf(kind what, leaf_use use);
    void start_raw(const scanner& from, kind becomes);
    void push(place where, contents holds);
    [[nodiscard]] bool set_name(const attributes& a);

    [[nodiscard]] bool finish_leaf();
    [[nodiscard]] base::bytes_view leaf_words(bool escapes, bool& good);
    void keep_leaf_text();
    [[nodiscard]] bool finish_frame();
    [[nodiscard]] bool finish_object(frame& closed);
    void finish_properties(std::vector<property>& into, std::size_t first);
    [[nodiscard]] bool deliver(value v);
    void end_item();
    void end_document();
    [[nodiscard]] text interned(base::bytes_view name);
    [[nodiscard]] bool decode_attribute(const raw_attribute* raw, bool escapes, base::bytes_view& out);

    limits bounds_;
    phase state_ = phase::between;
    std::vector<frame> frames_;
    std::vector<std::string> long_names_;
    std::vector<binding> bindings_;
    bool only_ours_ = true; ///< so no name needs to be looked up in them
    // Of what is open: moved into an object's own vectors, which then have the right size.
    std::vector<property> properties_;
    std::vector<value> values_;
    std::vector<text> names_;
    reference_table<referent> objects_;
    reference_table<type_names> types_;
    std::array<text, 64> interned_;

    // The leaf or raw element that is open.
    std::uint64_t leaf_tag_ = 0;
    kind leaf_kind_ = kind::null;
    leaf_use leaf_use_ = leaf_use::value;
    value leaf_ready_;
    base::bytes_view leaf_view_; ///< in the scanner's buffer, while that is not touched
    scanner::text_marks leaf_marks_;
    bool leaf_bad_ = false;   ///< it holds a reference to no character
    bool leaf_owned_ = false; ///< its text stands in leaf_text_, references replaced
    std::string leaf_text_, scratch_, attribute_;
    std::size_t raw_depth_ = 0;
    base::bytes_view progress_name_;

    text value_name_; ///< of the value that is open or was just finished
    text stream_;     ///< of the value at the top
    item ready_;
    bool have_item_ = false;
    std::uint64_t item_number_ = 0, charged_ = 0, recalled_ = 0, type_count_ = 0;
    std::vector<remembered> history_; ///< items whose objects a Ref may still mean
    std::uint64_t history_size_ = 0;
    bool forgotten_ = false; ///< something of this document is no longer in objects_
    errc code_ = errc::protocol;
    const char* why_ = "";
};

} // namespace winrm::clixml
