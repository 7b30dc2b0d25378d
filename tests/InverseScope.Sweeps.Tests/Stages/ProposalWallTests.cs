using System.Reflection;
using InverseScope.Agent.Proposals;
using InverseScope.Core.Consistency;
using InverseScope.Core.Proposals;
using InverseScope.Core.Sampling;
using InverseScope.Core.Search;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Tests.Stages;

/// <summary>Who proposes cannot look at what confirms: nothing that a proposer holds or is given leads there.</summary>
public sealed class ProposalWallTests
{
    private static readonly Type[] Forbidden =
    [
        typeof(SweepStore), typeof(StageLog), typeof(SweepReferences), typeof(ConfirmResult), typeof(TestedHypothesis),
        typeof(MeasuredHypothesis), typeof(MeasuredSite), typeof(SiteStages), typeof(SiteInvestigation), typeof(SweepRunner),
        typeof(IInversionBackend), typeof(FeatureConsistency),
    ];

    [Fact]
    public void Nothing_reachable_from_a_proposer_leads_to_confirm_references_or_their_results()
    {
        var reachable = Reachable(typeof(SymbolicProposer)).Concat(Reachable(typeof(SymbolicSearch))).ToHashSet();

        // What a language model is shown and may call; the board's other side is the sweep's own.
        reachable.UnionWith(Reachable(typeof(LanguageModelProposer)).Concat(Reachable(typeof(LoopProposer))).Concat(Reachable(typeof(ToolProposer))));

        Assert.Contains(typeof(SearchInput), reachable);
        Assert.Contains(typeof(IExploreBoard), reachable);
        Assert.Contains(typeof(SampleSet), reachable);
        Assert.DoesNotContain(reachable, Forbidden.Contains);
    }

    [Fact]
    public void The_walk_would_find_a_way_if_there_were_one() =>
        Assert.Contains(typeof(SweepReferences), Reachable(typeof(SiteStages)));

    // Types of fields, properties, parameters and results, from type to type within our own assemblies.
    private static HashSet<Type> Reachable(Type start)
    {
        const BindingFlags Everything =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var found = new HashSet<Type>();
        var open = new Stack<Type>([start]);
        while (open.TryPop(out var type))
        {
            if (type.HasElementType)
                open.Push(type.GetElementType()!);
            foreach (var argument in type.GenericTypeArguments)
                open.Push(argument);
            if (type.IsGenericParameter || type.Namespace?.StartsWith("InverseScope", StringComparison.Ordinal) != true || !found.Add(type))
                continue;
            foreach (var field in type.GetFields(Everything))
                open.Push(field.FieldType);
            foreach (var method in type.GetMethods(Everything).Cast<MethodBase>().Concat(type.GetConstructors(Everything)))
            {
                foreach (var parameter in method.GetParameters())
                    open.Push(parameter.ParameterType);
                if (method is MethodInfo { ReturnType: var result })
                    open.Push(result);
            }
        }

        return found;
    }
}
