// Our client's pool against a real pwsh (environment PWSH) on pipes.
#include "peers/pwsh_host.h"

#include <gtest/gtest.h>

namespace winrm::psrp {
namespace {

class pwsh : public testing::Test
{
protected:
    void open(client_pool_options options = {})
    {
        host.emplace(std::move(options));
        ASSERT_TRUE(host->open()) << host->trouble;
    }
    pwsh_host::outcome script(std::string text)
    {
        return host->finish(host->pool.run(pipeline::script(std::move(text))));
    }
    std::optional<pwsh_host> host;
};

TEST_F(pwsh, opens_runs_and_closes)
{
    open();
    std::cout << "protocol " << host->opened.host.protocol_version << " ps " << host->opened.host.ps_version
              << " serialization " << host->opened.host.serialization_version << '\n';
    const auto o = script("1; 'two'; 3.5; $null; $PSVersionTable.PSVersion.ToString()");
    ASSERT_TRUE(o.end) << host->trouble;
    EXPECT_EQ(o.end->state, invocation_state::completed);
    ASSERT_EQ(o.output.size(), 5u);
    EXPECT_EQ(o.output[0].as<std::int32_t>(), 1);
    EXPECT_EQ(o.output[1].as<std::string>(), "two");
    EXPECT_EQ(o.output[2].as<double>(), 3.5);
    EXPECT_TRUE(o.output[3].is_null());
    std::cout << o.output[4].as<std::string>().value_or("?") << '\n';
    EXPECT_TRUE(host->close_pool()) << host->trouble;
    EXPECT_TRUE(host->pool.finished());
}

} // namespace
} // namespace winrm::psrp
