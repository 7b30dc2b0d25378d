using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Plans;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Plans;

public sealed class SweepPlanFileTests
{
    private const string Minimal = """
        schema: inversescope/sweep/v1
        name: first
        model: addition
        task: addition
        sites: ["L*H*@="]
        """;

    [Fact]
    public void A_minimal_plan_has_the_documented_defaults()
    {
        var plan = Parse(Minimal);
        Assert.Equal(new MeasurementOptions(), plan.Measurement);
        Assert.Equal((200, 300, 1L, true, 6), (plan.ExploreReferences, plan.ConfirmReferences, plan.Seed, plan.Search, plan.MaxProposals));
        Assert.Equal(0, plan.TaskVectorPairs);
        Assert.Equal(["L*.attn"], plan.TaskVectorSites);
        Assert.Equal((0.1, 0.05, null), (plan.MinimumKappa, plan.FalseDiscoveryRate, plan.BudgetMinutes));
    }

    [Fact]
    public void A_language_model_is_read_with_all_that_it_may_do()
    {
        var plan = Parse(Minimal + """

            search: { enabled: false }
            language_model:
              provider: openai
              model: small
              address: http://box/v1
              key_variable: BOX_KEY
              context: 4096
              think: true
              deadline_seconds: 30
              propose: [one_shot, loop, loop, tools]
              rounds: 2
              per_round: 3
              samples_shown: 7
              max_proposals: 5
              steps: 9
              label_batch: 4
              parallel: 2
              relabelled: 10
              max_calls: 100
              max_tokens: 5000
            """).LanguageModel!;
        Assert.Equal(("openai", "small", "http://box/v1", "BOX_KEY", 4096, true, 30), (plan.Chat.Provider, plan.Chat.Model, plan.Chat.Address!.ToString(), plan.Chat.KeyVariable, plan.Chat.ContextTokens, plan.Chat.Think, (int)plan.Chat.Deadline.TotalSeconds));
        Assert.Equal([LanguageModelMode.OneShot, LanguageModelMode.Loop, LanguageModelMode.Tools], plan.Propose);
        Assert.Equal((2, 3, 7, 5), (plan.Loop.Rounds, plan.Loop.PerRound, plan.Loop.Samples, plan.Loop.MaxProposals));
        Assert.Equal((9, 7, 5), (plan.Tools.Steps, plan.Tools.Samples, plan.Tools.MaxProposals));
        Assert.Equal((4, 2, 10, 100, 5000), (plan.Labels.BatchSize, plan.Labels.Parallelism, plan.Relabelled, plan.MaxCalls, plan.MaxTokens));
        Assert.Equal([LanguageModelMode.Loop], Parse(Minimal + "\nlanguage_model: { model: m }").LanguageModel!.Propose);
        Assert.Empty(Parse(Minimal + "\nlanguage_model: { model: m, propose: [] }").LanguageModel!.Propose);
        Assert.Null(Parse(Minimal).LanguageModel);
    }

    [Fact]
    public void Every_key_reaches_the_plan()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["a.yaml"], "");
        var plan = SweepPlanFile.Parse("p.yaml", Minimal + """

            positions: ["@=", last]
            sampler: enumerate
            kernel: threshold
            distance: relative
            epsilon: 0.2
            norm_band: 0.3
            basis: centred
            weighting: accept
            samples: 7
            bank_size: 99
            minimum_ess: 0
            include_reference: true
            references: { explore: 40, confirm: 50, where: { harmful: true, kind: 2 } }
            seed: -3
            specs: ["*.yaml"]
            search: { enabled: false, max_proposals: 2 }
            causal_check: { references: 7, donors: 3 }
            task_vector: { pairs: 12, sites: ['L*.attn', 'L0.mlp'] }
            minimum_kappa: 0.2
            false_discovery_rate: 0.1
            budget: { minutes: 1.5 }
            """, folder.Path);
        Assert.Equal(
            new MeasurementOptions
            {
                Sampler = SamplerKind.Enumerate,
                Kernel = KernelKind.Threshold,
                Distance = DistanceKind.Relative,
                Epsilon = 0.2,
                NormBand = 0.3,
                Basis = Basis.Centred,
                Weighting = Weighting.Accept,
                Samples = 7,
                BankSize = 99,
                MinimumEss = 0,
                IncludeReference = true,
            },
            plan.Measurement);
        Assert.Equal((40, 50, -3L, false, 2), (plan.ExploreReferences, plan.ConfirmReferences, plan.Seed, plan.Search, plan.MaxProposals));
        Assert.Equal((0.2, 0.1, 1.5), (plan.MinimumKappa, plan.FalseDiscoveryRate, plan.BudgetMinutes));
        Assert.Equal((7, 3), (plan.CausalReferences, plan.CausalDonors));
        Assert.Equal(12, plan.TaskVectorPairs);
        Assert.Equal(["L*.attn", "L0.mlp"], plan.TaskVectorSites);
        Assert.Equal([folder["a.yaml"]], plan.SpecFiles);
        Assert.Equal(["@=", "last"], plan.Positions);
        Assert.Equal([("harmful", "true"), ("kind", "2")], plan.ReferencesWhere.Select(w => (w.Key, w.Value)));
    }

    [Fact]
    public void The_keys_of_a_generator_reach_the_plan()
    {
        var plan = SweepPlanFile.Parse("p.yaml", Minimal + """

            sampler: generator
            generator: ../g
            weighting: none
            draws: 64
            temperature: 1.2
            top_p: 0.9
            """, "/a/b");
        Assert.Equal(
            new MeasurementOptions
            {
                Sampler = SamplerKind.Generator,
                Generator = "/a/g",
                Weighting = Weighting.None,
                Draws = 64,
                Temperature = 1.2,
                TopP = 0.9,
            },
            plan.Measurement);
        Assert.Equal("mine", Parse(Minimal + "\nsampler: mixture\ngenerator: mine").Measurement.Generator);
    }

    [Fact]
    public void Paths_count_from_the_plans_folder_and_names_stay_names()
    {
        var plan = SweepPlanFile.Parse("p.yaml", Minimal.Replace("model: addition", "model: ../m"), "/a/b");
        Assert.Equal(("/a/m", "addition"), (plan.Model, plan.Task));
    }

    [Fact]
    public void A_file_beside_the_plan_needs_no_path()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["story.yaml"], "");
        Assert.Equal(folder["story.yaml"], SweepPlanFile.Parse("p.yaml", Minimal.Replace("task: addition", "task: story.yaml"), folder.Path).Task);
    }

    [Theory]
    [InlineData("kernel: thresold", "p.yaml(6,9)", "Did you mean 'threshold'?")]
    [InlineData("epsilonn: 1", "p.yaml(6,11)", "Did you mean 'epsilon'?")]
    [InlineData("epsilon: -1", "p.yaml(6,10)", "above 0")]
    [InlineData("epsilon: NaN", "p.yaml(6,10)", "above 0")]
    [InlineData("references: { explore: 3 }", "p.yaml(6,24)", "from 20")]
    [InlineData("references: 5", "p.yaml(6,13)", "must hold keys")]
    [InlineData("draws: 1", "p.yaml(6,8)", "from 2")]
    [InlineData("top_p: 1.5", "p.yaml", "at most 1")]
    [InlineData("temperature: 0", "p.yaml(6,14)", "above 0")]
    [InlineData("weighting: none", "p.yaml", "plain average")]
    [InlineData("samples: many", "p.yaml(6,10)", "whole number")]
    [InlineData("causal_check: { references: -1 }", "p.yaml(6,29)", "from 0")]
    [InlineData("causal_check: { donors: 0 }", "p.yaml(6,25)", "from 1")]
    [InlineData("task_vector: { pairs: -1 }", "p.yaml(6,23)", "from 0")]
    [InlineData("task_vector: { pairs: few }", "p.yaml(6,23)", "whole number")]
    [InlineData("task_vector: { sites: ['L0.attn'] }", "p.yaml(6,14)", "how many pairs")]
    [InlineData("task_vector: { pairs: 3, layers: 2 }", "p.yaml(6,34)", "unknown key 'task_vector.layers'")]
    [InlineData("task_vector: 200", "p.yaml(6,14)", "must hold keys")]
    [InlineData("specs: nowhere.yaml", "p.yaml(6,8)", "no spec file")]
    [InlineData("search: { enabled: false }", "p.yaml", "nothing would be tested")]
    [InlineData("false_discovery_rate: 1.5", "p.yaml", "between 0 and 1")]
    [InlineData("minimum_kappa: 1", "p.yaml", "below 1")]
    [InlineData("sites: []", "p.yaml(6,1)", "Duplicate key")]
    [InlineData("language_model: { provider: ollama }", "p.yaml", "No language model is named")]
    [InlineData("language_model: { model: m, provider: olama }", "p.yaml", "Did you mean 'ollama'?")]
    [InlineData("language_model: { model: m, address: gpu-box }", "p.yaml(6,38)", "http://")]
    [InlineData("language_model: { model: m, address: 'http://me:secret@box' }", "p.yaml", "would be stored")]
    [InlineData("language_model: { model: m, propose: [lop] }", "p.yaml(6,38)", "choose of one_shot, loop, tools")]
    [InlineData("language_model: { model: m, rounds: 0 }", "p.yaml(6,37)", "from 1")]
    [InlineData("language_model: { model: m, contxt: 1 }", "p.yaml(6,37)", "unknown key 'language_model.contxt'")]
    [InlineData("language_model: m", "p.yaml(6,17)", "must hold keys")]
    [InlineData("task_vector: { pairs: 3, sites: [] }", "p.yaml(6,14)", "at least one site")]
    [InlineData("references: { where: { harmful: } }", "p.yaml(6,33)", "which value")]
    [InlineData("references: { where: { harmful: '' } }", "p.yaml(6,33)", "which value")]
    [InlineData("references: { where: { harmful: ~ } }", "p.yaml(6,33)", "which value")]
    public void A_fault_names_its_place_and_cure(string line, string place, string says)
    {
        var error = Assert.Throws<BadInputException>(() => Parse(Minimal + "\n" + line));
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("{ pairs: -1 }", "p.yaml(6,23): 'pairs' must be a whole number from 1 to 100000, found '-1'")]
    [InlineData("{ pairs: 0 }", "p.yaml(6,23): 'pairs' must be a whole number from 1 to 100000, found '0'")]
    [InlineData("{ pairs: 2000000000 }", "p.yaml(6,23): 'pairs' must be a whole number from 1 to 100000, found '2000000000'")]
    [InlineData("{ pairs: [1] }", "p.yaml(6,23): 'pairs' must be a single value")]
    [InlineData("true", "p.yaml(6,14): 'task_vector' must hold keys and values")]
    [InlineData("", "p.yaml(6,13): 'task_vector' must hold keys and values")]
    [InlineData("[1]", "p.yaml(6,14): 'task_vector' must hold keys and values")]
    [InlineData("{}", "p.yaml(6,14): 'task_vector' must say how many pairs of texts it takes, as in task_vector: { pairs: 200 }")]
    [InlineData("{ pears: 10 }", "p.yaml(6,23): unknown key 'task_vector.pears'. Known here: pairs, sites")]
    public void A_faulty_task_vector_experiment_alone_has_that_one_fault(string experiment, string fault) =>
        Assert.Equal(fault, Assert.Throws<BadInputException>(() =>
            Parse(Minimal.Replace("sites: [\"L*H*@=\"]", $"search: {{ enabled: false }}\ntask_vector: {experiment}"))).Message);

    [Fact]
    public void A_task_vector_experiment_of_no_pairs_beside_sites_is_none() =>
        Assert.Equal(0, Parse(Minimal + "\ntask_vector: { pairs: 0 }").TaskVectorPairs);

    [Fact]
    public void A_task_vector_experiment_needs_nothing_else()
    {
        var plan = Parse(Minimal.Replace("sites: [\"L*H*@=\"]", "search: { enabled: false }\ntask_vector: { pairs: 5 }"));
        Assert.Empty(plan.Sites);
        Assert.Equal(5, plan.TaskVectorPairs);
    }

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var error = Assert.Throws<BadInputException>(() => Parse("schema: x\nsamples: -1\nbasis: row\ncolour: red"));
        foreach (var part in new[] { "schema", "samples", "basis", "colour", "model", "task", "sites" })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a\n- b")]
    [InlineData("a: [")]
    [InlineData("a: b\n---\nc: d")]
    public void What_is_no_mapping_is_refused(string text) =>
        Assert.Contains("p.yaml", Assert.Throws<BadInputException>(() => Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("/no/such.yaml", Assert.Throws<BadInputException>(() => SweepPlanFile.Read("/no/such.yaml")).Message, StringComparison.Ordinal);

    private static SweepPlan Parse(string text) => SweepPlanFile.Parse("p.yaml", text, "/");
}
