#include "psrp/host_call.h"

#include "clixml/reader.h"
#include "clixml/writer.h"

#include <gtest/gtest.h>

namespace winrm::psrp {
namespace {

clixml::value through(const clixml::value& v) { return clixml::read(clixml::write(v)).value(); }

TEST(host_call, each_of_the_56_methods)
{
    ASSERT_EQ(host_method_rows().size(), 56u);
    int number = 1;
    for (const host_method_row& row : host_method_rows()) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(static_cast<int>(row.method), number++);
        EXPECT_EQ(find_host_method(row.method), &row);
        EXPECT_EQ(name(row.method), row.name);
        host_call call{7, row.method, std::vector<clixml::value>(row.parameters.size(), clixml::value{"x"})};
        EXPECT_EQ(call.wants_answer(), row.returns != host_type::none);
        const auto read = host_call::from_value(through(call.to_value()));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->id, 7);
        EXPECT_EQ(read->method, row.method);
        EXPECT_EQ(read->parameters.size(), row.parameters.size());
        call.parameters.emplace_back("one too many");
        EXPECT_FALSE(host_call::from_value(call.to_value()));
        const auto response =
            host_response::from_value(through(host_response{7, row.method, clixml::value{1}, {}}.to_value()));
        ASSERT_TRUE(response);
        EXPECT_EQ(response->method, row.method);
        EXPECT_EQ(response->returned->as<int>(), 1);
    }
    EXPECT_EQ(find_host_method(static_cast<host_method>(0)), nullptr);
    EXPECT_EQ(find_host_method(static_cast<host_method>(57)), nullptr);
    EXPECT_EQ(find_host_method(static_cast<host_method>(-1)), nullptr);
    EXPECT_FALSE(host_call::from_value(clixml::value{clixml::object{}.with("ci", 1).with("mi", 99).with("mp", {})}));
}

TEST(host_call, parameters_there_and_back)
{
    EXPECT_EQ(*decode_color(through(encode(color::yellow))), color::yellow);
    EXPECT_EQ(*decode_coordinates(through(encode(coordinates{3, -4}))), (coordinates{3, -4}));
    EXPECT_EQ(*decode_size(through(encode(size{80, 25}))), (size{80, 25}));
    EXPECT_EQ(*decode_rectangle(through(encode(rectangle{1, 2, 3, 4}))), (rectangle{1, 2, 3, 4}));
    const key_info key{65, u'a', 8, true};
    EXPECT_EQ(*decode_key_info(through(encode(key))), key);
    const buffer_cell cell{u'\u4E2D', color::red, color::blue, buffer_cell_type::leading};
    EXPECT_EQ(*decode_buffer_cell(through(encode(cell))), cell);
    const std::vector<std::vector<buffer_cell>> rows{{cell, {}}, {{}, cell}, {cell, cell}};
    EXPECT_EQ(*decode_buffer_cells(through(encode(rows))), rows);
    EXPECT_EQ(*decode_numbers(through(encode(std::vector<std::int32_t>{0, 2, 5}))),
              (std::vector<std::int32_t>{0, 2, 5}));
    // The form with the type beside it (2.2.6.1.7).
    EXPECT_EQ(*decode_size(clixml::value{
                  clixml::object{}.with("T", "System.Management.Automation.Host.Size").with("V", encode(size{1, 2}))}),
              (size{1, 2}));
    EXPECT_FALSE(decode_color(clixml::value{"red"}));
    EXPECT_FALSE(decode_coordinates(clixml::value{}));
    const auto lying = [](std::int32_t a, std::int32_t b) {
        return clixml::value{clixml::object{}
                                 .with("mae", clixml::value{clixml::object::array_list({})})
                                 .with("mal", encode(std::vector<std::int32_t>{a, b}))};
    };
    EXPECT_FALSE(decode_buffer_cells(lying(2'000'000'000, 2'000'000'000)));
    EXPECT_FALSE(decode_buffer_cells(lying(2'000'000'000, 0)));
    EXPECT_FALSE(decode_buffer_cells(lying(-1, -1)));
    EXPECT_TRUE(decode_buffer_cells(lying(0, 0)));
}

TEST(host_call, what_is_written_for_the_user)
{
    const auto written = [](host_method m, std::vector<clixml::value> p) {
        return read_host_write({1, m, std::move(p)});
    };
    EXPECT_EQ(written(host_method::write1, {"a"})->text, "a");
    EXPECT_FALSE(written(host_method::write1, {"a"})->ends_line);
    EXPECT_TRUE(written(host_method::write_line1, {})->ends_line);
    const auto coloured = written(host_method::write_line3, {12, 0, "c"});
    EXPECT_EQ(coloured->foreground, color::red);
    EXPECT_EQ(coloured->background, color::black);
    EXPECT_TRUE(coloured->ends_line);
    EXPECT_EQ(written(host_method::write2, {-1, 99, "c"})->foreground, std::nullopt);
    EXPECT_FALSE(written(host_method::read_line, {}));
    EXPECT_FALSE(read_choice_prompt({1, host_method::read_line, {}}));
    EXPECT_FALSE(read_field_prompt({1, host_method::read_line, {}}));
    EXPECT_FALSE(read_credential_prompt({1, host_method::read_line, {}}));
    EXPECT_FALSE(read_choice_prompt({1, host_method::prompt_for_choice, {}}));
}

TEST(host_call, host_info_there_and_back)
{
    host_info all = host_info::interactive({132, 43});
    all.data->window_title = "title";
    all.data->cursor_position = {5, 6};
    all.data->foreground = color::cyan;
    const auto read = host_info::from_value(through(all.to_value()));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->data, all.data);
    EXPECT_FALSE(read->is_host_null);
    const auto none = host_info::from_value(through(host_info{}.to_value()));
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->data);
    EXPECT_TRUE(none->is_host_null && none->use_runspace_host);
    EXPECT_FALSE(host_info::from_value(clixml::value{1}));
}

} // namespace
} // namespace winrm::psrp
