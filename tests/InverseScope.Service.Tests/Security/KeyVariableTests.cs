using InverseScope.Agent.Chat;
using InverseScope.Core;
using InverseScope.Sweeps.Stages;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Security;

public sealed class KeyVariableTests
{
    [Theory]
    [InlineData("AWS_SECRET_ACCESS_KEY")]
    [InlineData("inversescope_api_key")]
    public async Task A_plan_has_no_variable_sent_that_nobody_allowed(string name)
    {
        var read = new List<string>();
        await using var service = await StartAsync(read, []);
        var fault = Assert.Throws<BadInputException>(() => Open(service, name));
        Assert.Contains($"--key-variable {name}", fault.Fix!, StringComparison.Ordinal);
        Assert.DoesNotContain(name, read);
    }

    [Fact]
    public async Task Those_that_are_allowed_are_read_regardless_of_case_but_never_the_key_of_the_service()
    {
        var read = new List<string>();
        await using var service = await StartAsync(read, ["box_key", ServiceOptions.KeyVariable]);
        Open(service, "BOX_KEY");
        Assert.Contains("BOX_KEY", read);
        // What no plan names is as if it were unset.
        Open(service, new ChatOptions().KeyVariable);
        Assert.Throws<BadInputException>(() => Open(service, ServiceOptions.KeyVariable));
        Assert.Equal(["BOX_KEY"], read.Distinct());
    }

    private static void Open(ServiceHost service, string name)
    {
        try
        {
            using var access = service.Services.GetRequiredService<LanguageModelFactory>()(
                new ChatOptions { Provider = "openai", Model = "m", Address = new Uri("https://127.0.0.1:9/v1"), KeyVariable = name });
        }
        catch (OutsideServiceException)
        {
            // Nobody listens there: what would be sent was read before.
        }
    }

    private static Task<ServiceHost> StartAsync(List<string> read, IReadOnlyList<string> allowed) => ServiceHost.StartAsync(with: options => options with
    {
        KeyVariables = allowed,
        Variable = name =>
        {
            read.Add(name);
            return "value-of-it";
        },
    });
}
