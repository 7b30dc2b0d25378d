using System.Text.Json;

namespace InverseScope.Cli.Tests.EndToEnd;

/// <summary>An unattended sweep on a published model that tells stories, with a prior of two names.</summary>
[Collection(TorchCollection.Name)]
public sealed class StorySweepTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_finds_which_name_heads_carry_where_random_weights_do_not_and_nothing_before_the_names()
    {
        File.WriteAllText(_folder["story.yaml"], """
            schema: inversescope/template-task/v1
            lexicons:
              girls: [Lily, Mia, Sue, Anna, Lucy, Sara, Emma, Amy, Jane, Kate, Rose, Ella]
              friends: [Tom, Ben, Max, Tim, Sam, Jack, Bob, Leo, Spot, Fluffy, Mark, John]
            slots: { A: girls, B: friends }
            positions: { girl: A, friend: B }
            templates:
              - 'Once upon a time, there was a little girl named [A]. She had a friend named [B]. One day, [A] and'
            answer: B
            """);
        File.WriteAllText(_folder["plan.yaml"], $$"""
            schema: inversescope/sweep/v1
            name: story
            model: {{JsonSerializer.Serialize(Shared.Path("models/stories260K"))}}
            task: story.yaml
            sites: [L1H7@last, L2H3@last, L1H7@5]
            sampler: enumerate
            epsilon: 0.05
            references: { explore: 50, confirm: 80 }
            controls: { known_sites: 2 }
            """);
        var run = CliRun.Of("sweep", "run", _folder["plan.yaml"], "--threads", "1", "--home", _folder["home"]);
        Assert.True(run.Code == 0, run.Error + run.Out);
        using var report = JsonDocument.Parse(File.ReadAllText(_folder["home/sweeps/story-001/report.json"]));
        var sites = report.RootElement.GetProperty("sites").EnumerateArray().ToDictionary(s => s.GetProperty("site").GetString()!);
        foreach (var site in new[] { "L1H7@last", "L2H3@last" })
        {
            // The girl's name, told before "and".
            var found = Assert.Single(sites[site].GetProperty("hypotheses").EnumerateArray(), IsConfirmed);
            Assert.Equal("2nd-last word", found.GetProperty("title").GetString());
            Assert.True(found.GetProperty("kappa").GetDouble() > 0.5);
            var random = found.GetProperty("controls").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "random-weight target");
            Assert.True(random.GetProperty("as_expected").GetBoolean());
            Assert.True(random.GetProperty("kappa").GetDouble() < found.GetProperty("kappa").GetDouble() / 2);
        }

        // All texts begin alike: an activation there cannot tell them apart.
        Assert.DoesNotContain(sites["L1H7@5"].GetProperty("hypotheses").EnumerateArray(), IsConfirmed);
        Assert.All(report.RootElement.GetProperty("known_sites").EnumerateArray(), s => Assert.True(s.GetProperty("as_expected").GetBoolean()));
    }

    private static bool IsConfirmed(JsonElement hypothesis) => hypothesis.GetProperty("verdict").GetString() == "confirmed";
}
